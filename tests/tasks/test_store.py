"""The store's place, and its first connections."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tasks import store

FIRST = """
import sys
from pathlib import Path
from filelock import FileLock
from tasks import store
store.FOLDER = Path(sys.argv[1])
store.OWN = f"sqlite:///{store.FOLDER / 'mlflow.db'}"
store.LOCK = FileLock(store.FOLDER / "lock")
print(store.experiment("viper"))
"""


def test_first_connections_together_make_one_good_store(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FIRST, str(tmp_path / ".mlflow")]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outputs = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert len({printed for printed, _ in outputs}) == 1  # all got the same experiment
    found = MlflowClient(f"sqlite:///{tmp_path / '.mlflow' / 'mlflow.db'}").search_experiments()
    assert sorted(each.name for each in found) == ["Default", "viper"]


def test_artifacts_lie_beside_the_store(own_store: MlflowClient, tmp_path: Path) -> None:
    place = own_store.get_experiment(store.experiment("viper")).artifact_location
    assert place == (tmp_path / ".mlflow" / "artifacts" / "viper").as_uri()
    assert store.experiment("viper") == store.experiment("viper")


def test_users_store_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.location() == store.OWN
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert store.location() == "http://127.0.0.1:5000"


def test_telemetry_is_off() -> None:
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
