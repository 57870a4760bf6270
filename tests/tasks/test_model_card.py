"""Run, logged model, figures and version link to one another; the card says what a model is for."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from mlflow import MlflowClient

from mtdnet import steps
from mtdnet.evaluation.evaluate import evaluate
from mtdnet.files import sha256
from mtdnet.inference import model_file
from mtdnet.params import Evaluate
from tasks import promotion, register, runs, store
from tasks.mlflow_tracker import MlflowTracker

Trained = Callable[[str, float, int], Path]
Data = Callable[..., None]
Sharp = Callable[..., Path]
NETWORK, MODEL = ("viper", 0, "mtdnet"), "mtdnet-viper"
LOCK = """
stages:
  ingest@viper:
    deps:
    - {path: data/viper, hash: md5, md5: 0123456789abcdef0123456789abcdef.dir}
"""


@pytest.fixture
def registered(trained: Trained, data: Data, sharp: Sharp) -> Path:
    """Register a network with its test; return its folder."""
    data(30, 12, 8)
    Path("dvc.lock").write_text(LOCK)
    folder = sharp(trained("viper-0/mtdnet", 0.9, 1), 1)
    out = steps.evaluation(*NETWORK)
    evaluate(
        ingested=steps.ingested("viper"),
        augmented=steps.augmented("viper", 0),
        model=folder,
        out=out,
        checkpoints=Path("checkpoints"),
        settings=Evaluate(ranks=(1, 5), false_alarms=(0.1,), pictures=1),
    )
    steps.track_evaluation(NETWORK, MlflowTracker(NETWORK))
    register.register_one(folder, NETWORK)
    return folder


def test_everything_links_and_stays_linked_where_the_project_is_moved(
    own_store: MlflowClient, registered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = own_store.get_model_version_by_alias(MODEL, "champion")
    run = own_store.get_run(str(version.run_id))
    assert run.info.status == "FINISHED"
    assert run.outputs is not None and run.inputs is not None
    (output,) = run.outputs.model_outputs
    assert version.source == f"models:/{output.model_id}"
    logged = own_store.get_logged_model(output.model_id)
    assert logged.source_run_id == run.info.run_id
    (back,) = json.loads(logged.tags["mlflow.modelVersions"])
    assert (back["name"], str(back["version"])) == (MODEL, str(version.version))
    figures = {each.key: each.value for each in logged.metrics or []}
    assert figures["test/rank-1"] == run.data.metrics["test/rank-1"] == 1.0
    assert logged.params is not None and logged.params["steps"] == run.data.params["steps"] == "40"
    names = {each.dataset.name for each in run.inputs.dataset_inputs}
    assert names == {"viper", "viper-test"}

    runs.log_figures(run.info.run_id, {"test/rank-1": 0.5})  # measured anew
    (again,) = own_store.search_logged_models([run.info.experiment_id])
    assert 0.5 in {each.value for each in again.metrics or [] if each.key == "test/rank-1"}

    card = str(version.description)
    assert "| data | VIPeR, DVC's hash 0123456789abcdef0123456789abcdef.dir |" in card
    assert "| persons | 10 train, 12 validate, 8 test |" in card
    assert "| test, MTDnet | rank-1 100.0% (95% interval over persons 100.0% to" in card
    assert "on 10 persons; they decided nothing |" in card
    assert "not calibrated: fewer than 10" in card and "Not for: " in card
    assert version.tags["licence_of_data"].startswith("non-commercial research")
    assert version.tags["calibration"].startswith("not calibrated")
    files = {each.path for each in own_store.list_logged_model_artifacts(output.model_id, "card")}
    assert files == {"card/card.md", "card/cmc.png"}

    home = tmp_path / "moved" / ".mlflow"
    home.parent.mkdir()
    shutil.move(tmp_path / ".mlflow", home)
    monkeypatch.setattr(store, "FOLDER", home)
    monkeypatch.setattr(store, "OWN", f"sqlite:///{home / 'mlflow.db'}")
    monkeypatch.setattr(store, "LOCK", FileLock(home / "lock"))
    store.client.cache_clear()
    with model_file.fetched(f"models:/{MODEL}@champion") as found:
        assert sha256(found) == sha256(registered / "network.safetensors")
    (again,) = store.client().search_logged_models([run.info.experiment_id])
    assert again.artifact_location.startswith(home.as_uri())
    assert promotion._persons(MODEL, str(version.version), tmp_path).train_persons == 10
