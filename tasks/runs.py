"""MLflow runs: one a training, in the experiment of its benchmark; its test joins the same run."""

import getpass
import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from mlflow.entities import Metric, Param, Run, RunTag

from mtdnet.artifacts import History, TrainingRecord
from mtdnet.files import sha256
from mtdnet.networks.header import FILE
from mtdnet.provenance import commit
from mtdnet.steps import Network
from mtdnet.tracker import End
from tasks import datasets, store
from tasks.store import client, experiment

TRAINING = "fingerprint"  # the tag of the same data and settings, or what else a run is of
NETWORK = "network_sha256"  # the tag by which a test finds its training
SOURCE_COMMIT = "mlflow.source.git.commit"
DESCRIPTION = "mlflow.note.content"
PARENT = "mlflow.parentRunId"  # MLflow's own tag
PARENT_VARIABLE = "MTDNET_PARENT_RUN"  # of a search's trial, below which its trainings stand
_locks: dict[str, FileLock] = {}
BATCH = 100  # rows in one call: MLflow refuses more than 1000 figures


def start(network: Network, fingerprint: str, settings: Mapping[str, Any]) -> str:
    """Return the id of a training's run, RUNNING: a new one, or that of the same training before.

    A training has one run, whatever became of it: stopped, killed or finished.
    """
    benchmark, split, variant = network
    place = experiment(benchmark)
    end_dead()
    tags = {
        "variant": variant,
        "split": str(split),
        **origin(),
    }
    if parent := os.environ.get(PARENT_VARIABLE):
        tags[PARENT] = parent
    wanted = {key: str(settings[key]) for key in ("steps", "compile") if key in settings}
    same = client().search_runs([place], f"tags.{TRAINING} = '{fingerprint}'")
    # a run whose maker was killed at once has no parameters yet
    before = [run for run in same if wanted.items() <= {**wanted, **run.data.params}.items()]
    before.sort(key=lambda run: run.info.status != "FINISHED")
    name = f"{benchmark}-{split}-{variant}"
    run_id = begin(place, fingerprint, name, tags, before[0] if before else None)
    names = {"benchmark": benchmark, "split": split, "variant": variant}
    client().log_batch(
        run_id,
        params=[Param(key, str(value)) for key, value in {**settings, **names}.items()],
        tags=[RunTag(key, value) for key, value in tags.items()],
    )
    datasets.log(run_id, benchmark, "training")
    return run_id


def begin(
    place: str, fingerprint: str, name: str, tags: Mapping[str, str], known: Run | None = None
) -> str:
    """Return the id of a run, RUNNING until its ``end`` or this process's: a new one, or ``known``.

    ``place``: its experiment's id; ``fingerprint``: what it is of.
    """
    lock = _lock(fingerprint)
    with suppress(Timeout):  # two at once are one run still
        lock.acquire(timeout=1)  # who looks for the dead holds it for a moment
    tags = {TRAINING: fingerprint, **tags}
    run = known or client().create_run(place, run_name=name, tags=tags)
    run_id = str(run.info.run_id)
    client().update_run(run_id, status="RUNNING")
    _locks[run_id] = lock
    return run_id


def end(run_id: str, status: End) -> None:
    """End a run that ``begin`` or ``start`` gave."""
    client().set_terminated(run_id, status)
    if lock := _locks.pop(run_id, None):
        lock.release()


def log_rows(run_id: str, rows: Sequence[Mapping[str, float]]) -> None:
    """Add rows of a history to a run, those that it lacks."""
    logged = client().get_metric_history(run_id, "validation_rank1")
    last, now = max((metric.step for metric in logged), default=0), int(time.time() * 1000)
    new = [row for row in rows if row["step"] > last]
    for first in range(0, len(new), BATCH):
        metrics = [
            Metric(key, float(value), now, int(row["step"]))
            for row in new[first : first + BATCH]
            for key, value in row.items()
            if key != "step"
        ]
        client().log_batch(run_id, metrics=metrics)


def finish(run_id: str, model: Path) -> None:
    """Add what a training says of itself, and end its run."""
    record = TrainingRecord.read(model).model_dump()
    record |= {f"fusion_{key}": v for key, v in (record["fusion"] or {}).items()}
    numbers = {key: v for key, v in record.items() if type(v) in (int, float)}
    words = {key: str(v) for key, v in record.items() if isinstance(v, str | bool)}
    log_figures(run_id, {f"training/{key}": v for key, v in numbers.items()})
    words[NETWORK] = sha256(model / FILE)
    if words["commit"]:  # which trained it, perhaps elsewhere
        words[SOURCE_COMMIT] = words["commit"]
    client().log_batch(run_id, tags=[RunTag(key, v) for key, v in words.items()])
    end(run_id, "FINISHED")


def of_network(network: Network, model: Path) -> str:
    """Return the id of the run that trained a network, or of a new one when it's not known here.

    ``model``: its folder. It is not known when it was trained elsewhere, restored by DVC, or when
    MLflow didn't answer: then the folder tells.
    """
    if run := known(network, model):
        return str(run.info.run_id)
    record, own = TrainingRecord.read(model), sha256(model / FILE)
    settings = {"steps": record.steps, "compile": record.compiled}
    run_id = start(network, record.fingerprint or own, settings)
    columns = History.read(model).model_dump()
    cells = (zip(columns, row, strict=True) for row in zip(*columns.values(), strict=True))
    log_rows(run_id, [{name: cell for name, cell in row if cell is not None} for row in cells])
    finish(run_id, model)
    return run_id


def known(network: Network, model: Path) -> Run | None:
    """Return the run that trained the network of a model folder; None when MLflow has none."""
    place, own = experiment(network[0]), sha256(model / FILE)
    return next(
        iter(client().search_runs([place], f"tags.{NETWORK} = '{own}'", max_results=1)), None
    )


def log_figures(run_id: str, figures: Mapping[str, float]) -> None:
    """Add figures to a run, and to the model logged in it, those that it lacks or has otherwise."""
    run, now = client().get_run(run_id), int(time.time() * 1000)
    logged, models = run.data.metrics, run.outputs.model_outputs if run.outputs else []
    model_id = models[-1].model_id if models else None
    new = {key: float(value) for key, value in figures.items() if logged.get(key) != value}
    metrics = [Metric(key, v, now, 0, model_id=model_id) for key, v in new.items()]
    client().log_batch(run_id, metrics=metrics)


def describe(run_id: str, text: str) -> None:
    """Give a run its description, unless a person has begun it otherwise."""
    present = client().get_run(run_id).data.tags.get(DESCRIPTION, "")
    if not present or present.splitlines()[0] == text.splitlines()[0]:
        client().set_tag(run_id, DESCRIPTION, text)


def origin() -> dict[str, str]:
    """Return tags that say where a run comes from: user, program, commit and flow run."""
    user, program = "", sys.modules["__main__"].__spec__
    with suppress(KeyError, OSError):  # a user of the host whom a container doesn't know
        user = getpass.getuser()
    return {
        "mlflow.user": user,
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": f"{program.name.replace('.', '/')}.py" if program else "",
        SOURCE_COMMIT: commit(),
        "prefect_flow_run": os.environ.get("MTDNET_FLOW_RUN", ""),
    }


def end_dead() -> None:
    """End the runs that are RUNNING for a process that is gone.

    Only those that began in this project's folder: of another machine's nothing is known here.
    """
    places = [each.experiment_id for each in client().search_experiments()]
    for run in client().search_runs(places, "attributes.status = 'RUNNING'"):
        lock = _lock(run.data.tags.get(TRAINING, ""))
        if Path(lock.lock_file).is_file():
            with suppress(Timeout), lock.acquire(blocking=False):
                trained = NETWORK in run.data.tags
                client().set_terminated(run.info.run_id, "FINISHED" if trained else "KILLED")


def _lock(fingerprint: str) -> FileLock:
    """Return the lock that a run's process holds, and that the system frees when it dies."""
    return FileLock(store.FOLDER / "running" / fingerprint)
