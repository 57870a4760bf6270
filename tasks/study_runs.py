"""A search in MLflow: one run a study; below it one a trial; below that its trainings."""

from collections.abc import Mapping

from mlflow.entities import Metric, RunTag

from mtdnet.provenance import commit
from mtdnet.steps import Network
from tasks.runs import PARENT, SOURCE_COMMIT, begin
from tasks.store import client, experiment

STUDY, TRIAL = "study", "trial"  # tags
MEASURE = "validation_rank1"


def of_study(network: Network, name: str) -> str:
    """Return the id of a study's run, RUNNING: the one that it has, or a new one."""
    place = experiment(network[0])
    known = client().search_runs([place], f"tags.{STUDY} = '{name}' and tags.{TRIAL} = ''")
    tags = {STUDY: name, TRIAL: "", SOURCE_COMMIT: commit()}
    return begin(place, name, name, tags, known[0] if known else None)


def of_trial(network: Network, study: str, name: str, number: int) -> str:
    """Return the id of a new run of a trial, below its study's."""
    tags, own = {STUDY: name, TRIAL: str(number), PARENT: study}, f"{name}-{number}"
    return begin(experiment(network[0]), own, own, tags)


def log(run_id: str, parameters: Mapping[str, object], rank1: float | None = None) -> None:
    """Add what a trial tries, or a study's best, and what it reached."""
    measured = [] if rank1 is None else [Metric(MEASURE, rank1, 0, 0)]
    tags = [RunTag(key, str(value)) for key, value in parameters.items()]
    client().log_batch(run_id, metrics=measured, tags=tags)


def history(network: Network, trial: str) -> list[tuple[int, float]]:
    """Return step and validation rank-1 of the network's training, as far as a trial has got."""
    benchmark, split, variant = network
    own = f"tags.`{PARENT}` = '{trial}' and tags.variant = '{variant}' and tags.split = '{split}'"
    runs = client().search_runs([experiment(benchmark)], own)
    rows = [client().get_metric_history(run.info.run_id, MEASURE) for run in runs]
    return sorted((row.step, row.value) for of_run in rows for row in of_run)
