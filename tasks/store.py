"""Where MLflow keeps runs and models: below the project's folder, unless the user says where."""

import os
from functools import cache
from pathlib import Path

from filelock import FileLock

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

from mlflow import MlflowClient

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".mlflow"
OWN = f"sqlite:///{FOLDER / 'mlflow.db'}"
LOCK = FileLock(FOLDER / "lock")  # between processes, for what one of them has to do once


def location() -> str:
    """Return ``MLFLOW_TRACKING_URI`` where the user has set it, else the project's own store."""
    return os.environ.get("MLFLOW_TRACKING_URI") or OWN


@cache
def client() -> MlflowClient:
    """Return a client of the store, which the first to come makes and migrates.

    Processes that migrate a new store at the same time break it for good, so they take turns.
    """
    with LOCK:
        made = MlflowClient(location(), registry_uri=location())
        made.search_experiments(max_results=1)
        made.search_registered_models(max_results=1)
    return made


def experiment(name: str) -> str:
    """Return the id of the experiment ``name``, made when there is none."""
    store = client()
    with LOCK:
        found = store.get_experiment_by_name(name)
        if found:
            return str(found.experiment_id)
        place = (FOLDER / "artifacts" / name).as_uri() if location() == OWN else None
        return store.create_experiment(name, artifact_location=place)
