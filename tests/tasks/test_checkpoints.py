"""Checkpoints that one machine shares and another goes on from."""

import shutil
from pathlib import Path

import pytest
from mlflow import MlflowClient

from mtdnet import steps
from mtdnet.errors import InputError
from mtdnet.training import checkpoint
from tasks import checkpoints, store

NETWORK = ("viper", 0, "mtdnet")


def begin(client: MlflowClient) -> str:
    """Return a run of the network, which has a checkpoint here."""
    run_id = client.create_run(store.experiment("viper")).info.run_id
    for key, value in (("variant", "mtdnet"), ("split", "0")):
        client.log_param(run_id, key, value)
    folder = steps.checkpoints(*NETWORK)
    folder.mkdir(parents=True)
    for name in ("best-2.safetensors", "last.safetensors", "lock"):
        (folder / name).write_text(name)
    return str(run_id)


def test_what_one_shares_another_goes_on_from(own_store: MlflowClient, tmp_path: Path) -> None:
    run_id = begin(own_store)
    for _ in range(2):
        checkpoints.share(run_id, NETWORK)
    assert len(own_store.list_artifacts(run_id, checkpoints.PLACE)) == 1  # the former one is gone
    own_store.log_text(run_id, "", f"{checkpoints.PLACE}/000009/best-4.safetensors")  # cut off
    folder = tmp_path / steps.checkpoints(*NETWORK)
    assert list(checkpoints.restore(tmp_path, NETWORK)) == [f"goes on from {folder}"]
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "lock").touch()  # of a training that was stopped before its first checkpoint
    (line,) = checkpoints.restore(tmp_path, NETWORK)
    assert line == f"goes on from the checkpoint that MLflow's run {run_id} has"
    assert (folder / "last.safetensors").read_text() == "last.safetensors"
    assert {file.name for file in folder.iterdir()} == {
        "best-2.safetensors",
        "last.safetensors",
        "lock",
    }
    checkpoints.forget(run_id)
    assert own_store.list_artifacts(run_id, checkpoints.PLACE) == []
    shutil.rmtree(folder)
    assert list(checkpoints.restore(tmp_path, NETWORK)) == []


def test_how_often_is_a_number_of_seconds_or_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(checkpoints.SETTING, raising=False)
    assert checkpoints.seconds() is None
    monkeypatch.setenv(checkpoints.SETTING, "2.5")
    assert checkpoints.seconds() == 2.5
    monkeypatch.setenv(checkpoints.SETTING, "often")
    with pytest.raises(InputError, match="MTDNET_SHARE_SECONDS=often: a number of seconds"):
        checkpoints.seconds()


def test_checkpoints_of_the_networks_that_are_there_are_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[Path] = []
    monkeypatch.setattr(checkpoint, "sweep", swept.append)
    folder = tmp_path / "checkpoints" / "viper-0" / "mtdnet"
    folder.mkdir(parents=True)
    (tmp_path / "checkpoints" / "other-0" / "mtdnet").mkdir(parents=True)
    checkpoints.sweep(tmp_path, [("viper", 0, "mtdnet"), ("viper", 0, "cls")])
    assert swept == [folder]
