"""A flow killed at any of its writes to MLflow leaves, once started again, what others leave."""

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from mtdnet import steps
from tasks import register, report_run, store
from tasks.mlflow_tracker import MlflowTracker
from tests.tasks.tracked import MARK, NETWORK, Trained, evaluated, settle

WRITES = ("create_", "log_", "set_", "update_", "delete_", "finalize_")  # MLflow's client's
COLUMNS = {
    "runs": "name, status, lifecycle_stage",
    "params": "key, value",
    "metrics": "key, value, step",
    "tags": "key",
    "model_versions": "name, version",
    "model_version_tags": "name, version, key",
    "registered_model_aliases": "name, alias, version",
    "registered_model_tags": "name, key",
}


def project(root: Path) -> None:
    """Write what an evaluation and a report leave."""
    evaluated(root)
    report = root / steps.REPORT
    report.mkdir(parents=True)
    (report / "index.html").write_text("<p>one</p>")
    (report / "table.txt").write_text("benchmark  rank-1\n")
    (report / "metrics.json").write_text(json.dumps({"viper": {"MTDnet": {"rank-1": 0.75}}}))


def work() -> None:
    """Do what a flow does to MLflow: a training, its test, the report, the registration."""
    store.client.cache_clear()
    tracker = MlflowTracker(NETWORK)
    tracker.start(MARK, {"steps": 40, "compile": False})
    tracker.log({"step": 20, "triplet_loss": 0.5, "validation_rank1": 0.25})
    tracker.end("FINISHED")
    steps.track_evaluation(NETWORK, MlflowTracker(NETWORK))
    report_run.record()
    list(register.registered(Path(), [NETWORK]))


def killed(root: Path, left: int) -> None:
    """Work in a process of its own, and die when so many writes are done."""
    settle(root, pytest.MonkeyPatch())

    def counted(write: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*words: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return write(*words, **named)

        return instead

    for name in dir(MlflowClient):
        if name.startswith(WRITES):
            setattr(MlflowClient, name, counted(getattr(MlflowClient, name)))
    work()


def content(root: Path) -> dict[str, list[str]]:
    with closing(sqlite3.connect(root / ".mlflow" / "mlflow.db")) as rows:
        found = {
            table: sorted(map(repr, rows.execute(f"select {columns} from {table}")))  # noqa: S608
            for table, columns in COLUMNS.items()
        }
    files = (root / ".mlflow" / "artifacts").rglob("*")
    return found | {"files": sorted({file.name for file in files if file.is_file()})}


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_flow_killed_at_any_write_ends_as_an_undisturbed_one(
    own_store: MlflowClient, migrated: Path, trained: Trained, tmp_path: Path
) -> None:
    trained("viper-0/mtdnet", 0.5, 1)
    project(tmp_path)
    expected: dict[str, list[str]] = {}
    for writes in count(-1):  # first, nobody is killed
        root = tmp_path / f"killed {writes}"
        shutil.copytree(tmp_path / "models", root / "models")
        shutil.copytree(tmp_path / "results", root / "results")
        (root / ".mlflow").mkdir()
        shutil.copy(migrated, root / ".mlflow" / "mlflow.db")
        with pytest.MonkeyPatch.context() as patch:
            settle(root, patch)
            if expected:
                process = get_context("spawn").Process(target=killed, args=(root, writes))
                process.start()
                process.join()
                if process.exitcode == 0:
                    break
                assert process.exitcode == -signal.SIGKILL
            work()
        expected = expected or content(root)
        assert content(root) == expected, f"killed after {writes} writes"
        shutil.rmtree(root)
    assert writes > 20, "there are more"
