"""What Prefect's page shows of a flow's results: artifacts of its run."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from prefect.artifacts import Artifact, create_markdown_artifact, create_table_artifact

from flows.plan import REPORT, Plan
from mtdnet import steps
from mtdnet.report import load
from mtdnet.report.aggregate import curve_rows, figures, mean_curves, single_shot, splits
from mtdnet.report.labels import RANKS, label, percent, points
from mtdnet.report.load import Evaluation
from tasks import report_run, runs, store

Row = dict[str, Any]


def show(root: Path, wanted: Plan, benchmark: str | None) -> None:
    """Give the running flow's run the results with their changes, CMC curves, and links."""
    evaluations = load.evaluations([root / steps.evaluation(*each) for each in wanted.tests])
    key = _key("results", benchmark)
    before: Any = Artifact.get(key)  # typed for async callers too
    text = "Rank-k and mAP of the test persons in per cent, means over the splits."
    if before is not None:
        text += f" In brackets the change since the run of {before.updated:%Y-%m-%d %H:%M} UTC."
    table = list(results(evaluations, _rows(before)))
    create_table_artifact(table=table, key=key, description=text)
    for name, own in load.benchmarks(evaluations).items():
        of = mean_curves(own)
        create_table_artifact(
            table=[dict(zip(["rank", *of], row, strict=True)) for row in curve_rows(of)],
            key=_key("cmc", name),
            description=f"CMC on {label(name)}, in per cent of the queries.",
        )
    create_markdown_artifact("\n".join(links(root, wanted)), key=_key("links", benchmark))


def results(evaluations: Sequence[Evaluation], before: Sequence[Row]) -> Iterator[Row]:
    """Yield a row a benchmark and system, "45.20 (+1.20)" where ``before`` has it too."""
    known = {(row["benchmark"], row["system"]): row for row in before}
    for (benchmark, system), measured in figures(evaluations).items():
        row: Row = {"benchmark": label(benchmark), "system": system, "splits": splits(measured)}
        former = known.get((row["benchmark"], system), {})
        values = {f"rank-{k}": single_shot(measured, k) for k in RANKS}
        for name, own in {**values, "mAP": measured.get("mAP", [])}.items():
            mean = float(np.mean(own)) if own else None
            row[name] = percent(mean) + _change(mean, former.get(name))
        yield row


def links(root: Path, wanted: Plan) -> Iterator[str]:
    """Yield the lines of a table of MLflow's runs of the networks, and the report's address."""
    yield from ["| network | MLflow run |", "| --- | --- |"]
    for network in wanted.networks:
        run = runs.known(network, root / steps.model(*network))
        name = "{}-{}-{}".format(*network)
        yield f"| {name} | {f'[{run.info.run_id}]({store.page(run)})' if run else '-'} |"
    if any(stage.name == REPORT for stage in wanted.stages):
        page = store.page(report_run.record(root), f"{report_run.PLACE}/index.html")
        yield from ["", f"[The report]({page}), which also is `{root / steps.REPORT}`."]
    if not store.location().startswith("http"):
        yield from ["", "The links lead to MLflow's page, which `make mlflow` opens."]


def _key(kind: str, name: str | None) -> str:
    """Return the key of an artifact, of lowercase letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", f"{kind}-{name}".lower()) if name else kind


def _rows(before: Any) -> list[Row]:
    """Return the rows of a former table of results; [] for another one that has its key."""
    rows = json.loads(before.data) if before is not None and before.type == "table" else []
    return [row for row in rows if isinstance(row, dict) and row.keys() >= {"benchmark", "system"}]


def _change(mean: float | None, former: str | None) -> str:
    """Return the change since a former cell; "" where there is nothing to compare."""
    if mean is None or former is None or former.startswith("-"):
        return ""
    return f" ({points(mean - float(former.split()[0]) / 100)})"
