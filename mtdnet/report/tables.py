"""Our figures as terminal text and as a CSV file."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from mtdnet.files import write_csv, write_json
from mtdnet.metrics.interval import interval
from mtdnet.report import load
from mtdnet.report.aggregate import figures, mean, several_shots, single_shot, splits
from mtdnet.report.labels import RANKS, label, measures, ordered, percent
from mtdnet.report.load import Evaluation
from mtdnet.report.published import published, unlike

FACTS = (
    *("split", "split_seed", "seed", "train_persons", "test_persons", "queries", "gallery"),
    *("device", "commit", "data_hash"),
)
FEW = ("rank-1", "rank-10", "mAP")  # what `dvc metrics diff` compares


def table(folders: Sequence[Path]) -> str:
    """Return ``terminal`` of the folders of all evaluations that ought to be there.

    Raises InputError when none is there or one is broken.
    """
    measured = load.evaluations(folders)
    return terminal(measured, load.expected(folders, measured))


def terminal(evaluations: Sequence[Evaluation], expected: Mapping[str, Sequence[str]]) -> str:
    """Return a table, a line a benchmark and system of ``expected``, in per cent.

    Of several splits it tells the mean ± standard deviation; "-" was not evaluated.
    """
    ours = figures(evaluations)
    theirs = {
        (b, row.system): f for row in published() for (b, k), f in row.figures.items() if k == 1
    }
    other = unlike(evaluations)
    ranks = [f"rank-{k}" for k in RANKS]
    lines = [["benchmark", "system", "splits", *ranks, "mAP", "paper rank-1"]]
    for benchmark, systems in expected.items():
        for system in ordered(systems):
            measured = ours.get((benchmark, system), {})
            there = theirs.get((benchmark, system))
            lines.append(
                [label(benchmark), system]
                + [str(splits(measured) or "-")]
                + [mean(single_shot(measured, k)) for k in RANKS]
                + [mean(measured.get("mAP", []))]
                + ["-" if there is None else f"{there:.2f}{'*' if benchmark in other else ''}"]
            )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rows = [
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    if shots := several_shots(evaluations):
        rows.append(f"rank-k on {shots}: expected over random single-shot galleries")
    if any(line[-1].endswith("*") for line in lines):
        rows.append("* published for other persons: not comparable")
    return "\n".join(rows)


def write_measures(target: Path, evaluations: Sequence[Evaluation]) -> None:
    """Write measures in per cent, and what they rest on: a row a benchmark, split and system.

    After the splits of a benchmark and system stand a row "mean" and a row "sd".
    """
    names = measures(m for one in evaluations for figures in one.figures.values() for m in figures)
    head = ["benchmark", "split_number", "variant", "system", *names, *FACTS]
    write_csv(target, head, _rows(evaluations, names))


def write_metrics(target: Path, evaluations: Sequence[Evaluation]) -> None:
    """Write benchmark -> system -> measure -> mean over the splits, in [0, 1], for DVC."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for (benchmark, system), measured in figures(evaluations).items():
        own = {name: measured[name] for name in FEW if name in measured}
        means = {name: round(interval(values).mean, 6) for name, values in own.items()}
        found.setdefault(benchmark, {})[system] = means
    write_json(target, found)


def _rows(evaluations: Sequence[Evaluation], names: Sequence[str]) -> Iterable[list[object]]:
    for (benchmark, system), measured in figures(evaluations).items():
        own = [e for e in evaluations if e.benchmark == benchmark and system in e.figures]
        for e in own:
            values = [percent(e.figures[system].get(name)) for name in names]
            facts = [getattr(e.facts, name) for name in FACTS]
            yield [benchmark, e.split, e.variant, system, *values, *facts]
        over = [interval(of) if (of := measured.get(name)) else None for name in names]
        means = [percent(one.mean if one else None) for one in over]
        deviations = [percent(one.sd if one else None) for one in over]
        nothing = ["-"] * len(FACTS)
        yield [benchmark, "mean", own[0].variant, system, *means, *nothing]
        yield [benchmark, "sd", own[0].variant, system, *deviations, *nothing]
