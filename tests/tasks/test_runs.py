"""One run a training, whatever becomes of it, joined by its test."""

import getpass
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from filelock import FileLock
from mlflow import MlflowClient

from mtdnet import steps
from mtdnet.files import sha256
from mtdnet.tracker import End
from tasks import datasets, report_run, runs, store, study_runs
from tasks.mlflow_tracker import MlflowTracker
from tasks.store import experiment
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

LOCK = """
schema: '2.0'
stages:
  ingest@viper:
    cmd: python -m tasks.ingest --benchmark viper
    deps:
    - {path: data/viper, hash: md5, md5: 0123456789abcdef0123456789abcdef.dir}
    - {path: mtdnet/data, hash: md5, md5: ffffffffffffffffffffffffffffffff.dir}
"""


def test_training_and_its_test_are_one_run(
    own_store: MlflowClient,
    tmp_path: Path,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MTDNET_FLOW_RUN", "flow-1")
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", ModuleSpec("tasks.train", None))
    (tmp_path / "dvc.lock").write_text(LOCK)
    model = train(trained)
    run = only_run(own_store)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "viper-0-mtdnet"
    settings = {"steps": "40", "rate": "0.01", "weights": "None", "compile": "False"}
    assert run.data.params == settings | {"benchmark": "viper", "split": "0", "variant": "mtdnet"}
    assert history(own_store, run, "triplet_loss") == [(20, 0.5), (40, 0.4)]
    assert history(own_store, run, "validation_rank1") == [(20, 0.25), (40, 0.5)]
    assert run.data.metrics["training/best_step"] == 20
    assert run.data.tags["prefect_flow_run"] == "flow-1"
    assert run.data.tags["commit"] == run.data.tags["mlflow.source.git.commit"] == "c0ffee"
    assert run.data.tags["mlflow.user"] == run.info.user_id == getpass.getuser()
    assert run.data.tags["mlflow.source.name"] == "tasks/train.py"
    assert run.data.tags["network_sha256"] == sha256(model / "network.safetensors")
    assert run.inputs is not None
    (dataset,) = run.inputs.dataset_inputs
    assert dataset.dataset.name == "viper"
    assert dataset.dataset.digest == "0123456789abcdef0123456789abcdef.dir"

    evaluated(tmp_path)
    for _ in range(2):
        steps.track_evaluation(NETWORK, MlflowTracker(NETWORK))
        run = only_run(own_store)  # still one
        assert run.info.status == "FINISHED"
        assert history(own_store, run, "test/rank-1") == [(0, 0.75)]
        assert run.data.metrics["test/MTDnet-trp/rank-1"] == 0.5
        files = own_store.list_artifacts(run.info.run_id, "test")
        assert [file.path for file in files] == ["test/cmc.png"]
        description = run.data.tags["mlflow.note.content"]
        assert description.startswith("mtdnet on VIPeR, split 0\n\n| | |\n| --- | --- |\n")
        assert "| validation | rank-1 50.0%, mAP 50.0% on 10 persons" in description


def test_a_description_by_a_person_stays(own_store: MlflowClient, trained: Trained) -> None:
    train(trained)
    run_id = only_run(own_store).info.run_id
    for text in ("mtdnet on VIPeR\n\none", "mtdnet on VIPeR\n\ntwo"):
        runs.describe(run_id, text)
        assert only_run(own_store).data.tags["mlflow.note.content"] == text
    own_store.set_tag(run_id, "mlflow.note.content", "the good one")
    runs.describe(run_id, "mtdnet on VIPeR\n\nthree")
    assert only_run(own_store).data.tags["mlflow.note.content"] == "the good one"


def test_what_the_machine_does_is_recorded_when_asked_for(
    own_store: MlflowClient, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(trained)
    assert not any(key.startswith("system/") for key in only_run(own_store).data.metrics)
    monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "true")
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.2")
    tracker = MlflowTracker(NETWORK)
    tracker.start(MARK, SETTINGS)
    for _ in range(100):
        if "system/cpu_utilization_percentage" in only_run(own_store).data.metrics:
            break
        time.sleep(0.1)
    tracker.end("KILLED")
    share = only_run(own_store).data.metrics["system/cpu_utilization_percentage"]
    assert 0 <= share <= 100
    assert not any(thread.name == "SystemMetricsMonitor" for thread in threading.enumerate())


def test_a_report_has_one_run(own_store: MlflowClient, tmp_path: Path) -> None:
    folder = tmp_path / steps.REPORT
    folder.mkdir(parents=True)
    (folder / "index.html").write_text("<p>one</p>")
    (folder / "table.txt").write_text("benchmark  rank-1\n")
    (folder / "metrics.json").write_text(json.dumps({"viper": {"MTDnet": {"rank-1": 0.5}}}))
    run = report_run.record(tmp_path)
    assert report_run.record(tmp_path).info.run_id == run.info.run_id
    assert run.info.status == "FINISHED"
    assert run.data.metrics == {"viper/MTDnet/rank-1": 0.5}
    assert "benchmark  rank-1\n" in run.data.tags["mlflow.note.content"]
    files = {file.path for file in own_store.list_artifacts(run.info.run_id, "report")}
    assert files == {f"report/{name}" for name in ("index.html", "table.txt", "metrics.json")}
    page = store.page(run, "report/index.html")
    assert page.endswith(f"/runs/{run.info.run_id}/artifacts/report/index.html")
    assert page.startswith("http://127.0.0.1:5000/#/experiments/")
    (folder / "index.html").write_text("<p>two</p>")
    assert report_run.record(tmp_path).info.run_id != run.info.run_id


@pytest.mark.parametrize("end", ["KILLED", "FAILED", "FINISHED"])
def test_the_same_training_goes_on_in_its_run(
    end: End, own_store: MlflowClient, trained: Trained, capsys: pytest.CaptureFixture[str]
) -> None:
    tracker = MlflowTracker(NETWORK)
    tracker.start(MARK, SETTINGS)
    tracker.log(ROWS[0])
    if end == "FINISHED":
        trained("viper-0/mtdnet", 0.5, 1)
    tracker.end(end)
    tracker.end(end)
    assert only_run(own_store).info.status == end
    train(trained)  # tells its earlier rows again
    run = only_run(own_store)
    assert run.info.status == "FINISHED"
    assert history(own_store, run, "pair_loss") == [(20, 0.69), (40, 0.6)]
    assert capsys.readouterr().err == ""


def test_other_settings_or_inputs_are_another_run(
    own_store: MlflowClient, trained: Trained
) -> None:
    train(trained)
    train(trained, "other")
    train(trained, MARK, SETTINGS | {"steps": 60})
    assert len(own_store.search_runs([experiment("viper")])) == 3


def test_a_training_killed_while_its_run_was_made_goes_on_in_it(
    own_store: MlflowClient, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt  # which nothing on the way takes for a fault

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(MlflowClient, "log_batch", killed)
        runs.start(NETWORK, MARK, SETTINGS)
    assert only_run(own_store).data.params == {}
    train(trained)
    run = only_run(own_store)
    assert run.info.status == "FINISHED"
    assert run.data.params["steps"] == "40"


def begin(uri: str, folder: Path) -> None:
    """Begin two trainings and a study's trial in another process, finish none of them, and die."""
    store.FOLDER, store.OWN, store.LOCK = folder, uri, FileLock(folder / "lock")
    store.client.cache_clear()
    for mark in (MARK, "other"):
        tracker = MlflowTracker(NETWORK)
        tracker.start(mark, SETTINGS)
        tracker.log(ROWS[0])
    study_runs.of_trial(NETWORK, study_runs.of_study(NETWORK, "rates"), "rates", 0)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_what_was_killed_leaves_no_run_running(own_store: MlflowClient, trained: Trained) -> None:
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=begin, args=(store.OWN, store.FOLDER))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    found = own_store.search_runs([experiment("viper")])
    assert [run.info.status for run in found] == ["RUNNING"] * 4
    alive = runs.start(NETWORK, "third", SETTINGS)
    train(trained)
    by_mark = {run.data.tags["fingerprint"]: run for run in own_store.search_runs(["1"])}
    assert by_mark[MARK].info.status == "FINISHED"
    assert {by_mark[mark].info.status for mark in ("other", "rates", "rates-0")} == {"KILLED"}
    assert by_mark["third"].info.status == "RUNNING", "whose process lives"
    runs.end(alive, "KILLED")


def test_network_from_elsewhere_gets_a_run_with_its_history(
    own_store: MlflowClient, trained: Trained
) -> None:
    model = trained("viper-0/mtdnet", 0.5, 1)
    first = runs.of_network(NETWORK, model)
    assert first == runs.of_network(NETWORK, model)
    run = only_run(own_store)
    assert run.info.status == "FINISHED"
    assert history(own_store, run, "pair_loss") == [(20, 0.7)]
    train(trained)
    assert only_run(own_store).info.run_id == first, "the same training, done here as well"


def test_without_dvc_there_is_no_hash(own_store: MlflowClient) -> None:
    assert datasets.data_hash("viper") is None
