"""What a training and its test tell their tracker, and what MLflow has of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Run

from tasks import logged_model, store
from tasks.mlflow_tracker import MlflowTracker
from tasks.store import experiment

Trained = Callable[[str, float, int], Path]
NETWORK = "viper", 0, "mtdnet"
SETTINGS: dict[str, object] = {"steps": 40, "rate": 0.01, "weights": None, "compile": False}
MARK = "viper-0/mtdnet-1"
ROWS = [
    {"step": 20, "triplet_loss": 0.5, "pair_loss": 0.69, "validation_rank1": 0.25},
    {"step": 40, "triplet_loss": 0.4, "pair_loss": 0.6, "validation_rank1": 0.5},
]


def train(trained: Trained, mark: str = MARK, settings: dict[str, object] = SETTINGS) -> Path:
    """Do what a training does to its tracker."""
    tracker = MlflowTracker(NETWORK)
    tracker.start(mark, settings)
    for row in ROWS:
        tracker.log(row)
    model = trained("viper-0/mtdnet", 0.5, 1)
    tracker.end("FINISHED")
    return model


def evaluated(tmp_path: Path) -> None:
    evaluation = tmp_path / "results" / "evaluate" / "viper-0" / "mtdnet"
    (evaluation / "pictures").mkdir(parents=True)
    found = {"MTDnet": {"rank-1": 0.75, "mAP": 0.8}, "MTDnet-trp": {"rank-1": 0.5}}
    (evaluation / "metrics.json").write_text(json.dumps(found))
    (evaluation / "pictures" / "cmc.png").write_bytes(b"picture")


def settle(root: Path, patch: pytest.MonkeyPatch) -> None:
    """Let the project be the folder ``root``, and its store be there."""
    folder = root / ".mlflow"
    patch.setattr(store, "FOLDER", folder)
    patch.setattr(store, "OWN", f"sqlite:///{folder / 'mlflow.db'}")
    patch.setattr(store, "LOCK", FileLock(folder / "lock"))
    patch.setattr(logged_model, "add_onnx", lambda made, network: "")  # seconds
    patch.chdir(root)


def only_run(client: MlflowClient) -> Run:
    (run,) = client.search_runs([experiment("viper")])
    return run


def history(client: MlflowClient, run: Run, key: str) -> list[tuple[int, float]]:
    return [(each.step, each.value) for each in client.get_metric_history(run.info.run_id, key)]
