"""The report as an artefact of a run of its own, in the experiment ``report``."""

import time
from pathlib import Path

from mlflow.entities import Metric, Run

from mtdnet import steps
from mtdnet.files import read_json, sha256
from tasks import runs
from tasks.store import client, experiment

REPORT = "report_sha256"  # the tag of a report's page
PLACE = "report"  # of the run's artefacts


def record(root: Path = Path()) -> Run:
    """Return the run that holds the project's report as it is now; a report has one run.

    Its figures are ``BENCHMARK/SYSTEM/MEASURE``, its description is the report's table.
    """
    folder, place = root / steps.REPORT, experiment(PLACE)
    own = sha256(folder / "index.html")
    runs.end_dead()
    before = client().search_runs([place], f"tags.{REPORT} = '{own}'", max_results=1)
    if before and before[0].info.status == "FINISHED":
        return before[0]
    table = (folder / "table.txt").read_text(encoding="utf-8")
    tags = {REPORT: own, runs.DESCRIPTION: f"```\n{table}```\n", **runs.origin()}
    run_id = runs.begin(place, own, PLACE, tags, before[0] if before else None)
    now = int(time.time() * 1000)
    figures = {
        f"{benchmark}/{system}/{name}": value
        for benchmark, systems in read_json(folder / "metrics.json").items()
        for system, measured in systems.items()
        for name, value in measured.items()
    }
    client().log_artifacts(run_id, str(folder), PLACE)
    client().log_batch(run_id, metrics=[Metric(key, v, now, 0) for key, v in figures.items()])
    runs.end(run_id, "FINISHED")
    return client().get_run(run_id)
