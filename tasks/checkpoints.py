"""Checkpoints of trainings: shared in MLflow, fetched where another machine died, swept."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from mtdnet import steps
from mtdnet.errors import InputError
from mtdnet.steps import Network
from tasks import store

SETTING = "MTDNET_SHARE_SECONDS"  # how often a training shares its checkpoint; unset: never
SECONDS = "300"  # on a worker
PLACE = "checkpoint"  # of the run's artefacts
LAST = "last.safetensors"


def seconds() -> float | None:
    """Return how often a training shares its checkpoint; None for never."""
    text = os.environ.get(SETTING)
    try:
        return float(text) if text else None
    except ValueError:
        raise InputError(f"{SETTING}={text}: a number of seconds is wanted") from None


def share(run_id: str, network: Network) -> None:
    """Log a training's state as artefacts of its run, then remove the former ones."""
    former = [int(Path(each.path).name) for each in store.client().list_artifacts(run_id, PLACE)]
    place = f"{PLACE}/{max(former, default=0) + 1:06d}"
    files = steps.checkpoints(*network).glob("*.safetensors")
    for file in sorted(files):  # LAST after what it rests on
        store.client().log_artifact(run_id, str(file), place)
    _remove(run_id, besides=place)


def forget(run_id: str) -> None:
    """Remove what a training has shared."""
    _remove(run_id, besides="")


def restore(root: Path, network: Network) -> Iterator[str]:
    """Fetch the latest state of an unfinished training, unless there is one here; yield a line.

    Whether it is of the same training, and whole, the training itself looks.
    """
    target = root / steps.checkpoints(*network)
    if (target / LAST).is_file():
        yield f"goes on from {target}"
        return
    try:
        yield from _fetch(target, network)
    except MlflowException as problem:
        yield f"no shared checkpoint ({store.reason(problem)}); begins anew"


def sweep(root: Path, networks: Sequence[Network]) -> None:
    """Remove checkpoints here of networks whose stages are up to date.

    Not earlier: a stage that is stopped before DVC has committed it would train from the start.
    """
    for network in networks:
        folder = root / steps.checkpoints(*network)
        if folder.is_dir():
            from mtdnet.training import checkpoint  # torch: only where there is something to do

            checkpoint.sweep(folder)


def _fetch(target: Path, network: Network) -> Iterator[str]:
    client, (benchmark, split, variant) = store.client(), network
    query = f"params.variant = '{variant}' and params.split = '{split}'"
    place = store.experiment(benchmark)
    for run in client.search_runs([place], query, order_by=["attributes.start_time DESC"]):
        run_id = str(run.info.run_id)
        shared = [each.path for each in client.list_artifacts(run_id, PLACE) if each.is_dir]
        for state in sorted(shared, reverse=True):
            files = {Path(each.path).name for each in client.list_artifacts(run_id, state)}
            if LAST not in files:  # cut off
                continue
            target.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=target) as draft:
                fetched = Path(client.download_artifacts(run_id, state, draft))
                for file in sorted(fetched.iterdir()):  # LAST after the others
                    file.replace(target / file.name)
            yield f"goes on from the checkpoint that MLflow's run {run_id} has"
            return


def _remove(run_id: str, besides: str) -> None:
    client = store.client()
    former = [each.path for each in client.list_artifacts(run_id, PLACE) if each.path != besides]
    if former:
        uri = client.get_run(run_id).info.artifact_uri
        artefacts: Any = get_artifact_repository(uri, tracking_uri=store.location())
        for path in former:
            artefacts.delete_artifacts(path)
