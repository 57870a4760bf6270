"""Work that goes on without MLflow, and what MLflow lacks of it, recorded later."""

import resource
from pathlib import Path

import pytest
from mlflow import MlflowClient

from mtdnet import params, steps
from mtdnet.errors import InputError
from tasks import mlflow_tracker, runs, store
from tasks.command import ROOT
from tasks.mlflow_tracker import MlflowTracker
from tests.tasks.tracked import (
    MARK,
    NETWORK,
    ROWS,
    SETTINGS,
    Trained,
    evaluated,
    history,
    only_run,
    train,
)


def recorded_by_the_test(client: MlflowClient) -> None:
    """Check that a test's own tracker records what its training could not."""
    runs._locks.clear()  # as when the process ends
    steps.track_evaluation(NETWORK, MlflowTracker(NETWORK))
    run = only_run(client)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["test/rank-1"] == 0.75
    assert history(client, run, "pair_loss") == [(20, 0.7)]


def test_a_locked_store_fails_no_training_and_is_told_later(
    own_store: MlflowClient,
    tmp_path: Path,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def locked(*rest: object, **named: object) -> None:
        raise TimeoutError("(sqlite3.OperationalError) database is locked\nSQL: ...")

    tracker = MlflowTracker(NETWORK)
    tracker.start(MARK, SETTINGS)
    tracker.log(ROWS[0])
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_batch", locked)
        trained("viper-0/mtdnet", 0.5, 1)
        tracker.end("FINISHED")
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "viper-0-mtdnet: not recorded in MLflow ((sqlite3.OperationalError) database is locked); "
        "`python -m tasks.mlflow_tracker` records it once MLflow answers"
    )
    assert only_run(own_store).info.status == "RUNNING"
    evaluated(tmp_path)
    recorded_by_the_test(own_store)


def test_a_full_disk_fails_no_training_and_is_told_later(
    own_store: MlflowClient,
    tmp_path: Path,
    trained: Trained,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tracker = MlflowTracker(NETWORK)
    tracker.start(MARK, SETTINGS)
    tracker.log(ROWS[0])
    trained("viper-0/mtdnet", 0.5, 1)
    evaluated(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, before[1]))  # bytes a file
    try:
        tracker.end("FINISHED")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("viper-0-mtdnet: not recorded in MLflow (") and line.isprintable()
    assert "disk" in line and "python -m tasks.mlflow_tracker" in line
    recorded_by_the_test(own_store)


def test_a_broken_store_of_the_project_stops_no_training(
    own_store: MlflowClient, trained: Trained, capsys: pytest.CaptureFixture[str]
) -> None:
    (store.FOLDER / "mlflow.db").write_text("this is no database, and never was one")
    store.client.cache_clear()
    assert train(trained).is_dir()
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("viper-0-mtdnet: MLflow fails (MLflow's store sqlite:///")
    assert "file is not a database" in first and "tried again at the end" in first
    assert "not recorded in MLflow" in last and "python -m tasks.mlflow_tracker" in last


def test_a_store_of_the_user_that_is_not_there_stops_what_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    store.client.cache_clear()
    with pytest.raises(InputError, match=r"MLflow's store http://127\.0\.0\.1:9: .*refused"):
        MlflowTracker(NETWORK)


def test_what_mlflow_lacks_is_recorded_afterwards(
    own_store: MlflowClient, tmp_path: Path, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks = [NETWORK, ("viper", 1, "mtdnet"), ("viper", 2, "mtdnet")]
    monkeypatch.setattr(steps.networks, "trained", lambda params: networks)
    trained("viper-0/mtdnet", 0.5, 1)
    trained("viper-1/mtdnet", 0.6, 2)
    evaluated(tmp_path)
    for _ in range(2):
        mlflow_tracker.record_all(params.load(ROOT / "params.yaml"))
        found = {run.info.run_name: run for run in own_store.search_runs(["1"])}
        assert found.keys() == {"viper-0-mtdnet", "viper-1-mtdnet"}
        assert {run.info.status for run in found.values()} == {"FINISHED"}
        assert found["viper-0-mtdnet"].data.metrics["test/rank-1"] == 0.75
        assert found["viper-1-mtdnet"].data.metrics["training/validation_rank1"] == 0.6


def test_an_end_without_a_start_records_nothing(own_store: MlflowClient) -> None:
    MlflowTracker(NETWORK).end("FAILED")
    assert own_store.get_experiment_by_name("viper") is None
