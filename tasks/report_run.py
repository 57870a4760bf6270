"""The report as an artefact of a run of its own, in the experiment ``report``."""

from pathlib import Path

from mlflow.entities import Run

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
    before = client().search_runs([place], f"tags.{REPORT} = '{own}'", max_results=1)
    if before and before[0].info.status == "FINISHED":
        return before[0]
    runs.end_dead()
    table = (folder / "table.txt").read_text(encoding="utf-8")
    tags = {REPORT: own, runs.DESCRIPTION: f"```\n{table}```\n", **runs.origin()}
    run_id = runs.begin(place, own, PLACE, tags, before[0] if before else None)
    figures = {
        f"{benchmark}/{system}/{name}": value
        for benchmark, systems in read_json(folder / "metrics.json").items()
        for system, measured in systems.items()
        for name, value in measured.items()
    }
    client().log_artifacts(run_id, str(folder), PLACE)
    runs.log_figures(run_id, figures)
    runs.end(run_id, "FINISHED")
    return client().get_run(run_id)
