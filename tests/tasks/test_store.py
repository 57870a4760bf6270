"""The store's place, and its first connections."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts

from mtdnet.errors import InputError
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


def place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the project's store be in ``folder``."""
    monkeypatch.setattr(store, "FOLDER", folder)
    monkeypatch.setattr(store, "OWN", f"sqlite:///{folder / 'mlflow.db'}")
    monkeypatch.setattr(store, "LOCK", FileLock(folder / "lock"))
    store.client.cache_clear()


def content(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


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


@pytest.mark.slow
def test_killed_in_its_first_migration_nothing_is_broken(tmp_path: Path) -> None:
    folder = tmp_path / ".mlflow"
    command = [sys.executable, "-c", FIRST, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    while not (folder / "draft" / "mlflow.db").is_file() and process.poll() is None:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (folder / "mlflow.db").exists()
    assert (folder / "draft").is_dir()
    subprocess.run(command, check=True, stdout=subprocess.PIPE)
    assert sorted(each.name for each in folder.iterdir() if each.name != "lock") == ["mlflow.db"]


@pytest.mark.parametrize("move", [shutil.move, shutil.copytree])
@pytest.mark.parametrize("name", ["moved", "a b#c%20d", "%"])
def test_project_elsewhere_keeps_its_models_and_leaves_the_original_alone(
    move: Callable[[Path, Path], object],
    name: str,
    own_store: MlflowClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_id = own_store.create_run(store.experiment("viper")).info.run_id
    own_store.log_text(run_id, "weights", "model/network")
    own_store.create_registered_model("mtdnet-viper")
    address = f"{own_store.get_run(run_id).info.artifact_uri}/model"
    own_store.create_model_version("mtdnet-viper", address, run_id=run_id)
    before = content(tmp_path / ".mlflow" / "artifacts")
    home = tmp_path / name / ".mlflow"
    home.parent.mkdir()
    move(tmp_path / ".mlflow", home)
    place(home, monkeypatch)

    client = store.client()
    address = client.get_model_version_download_uri("mtdnet-viper", "1")
    got = download_artifacts(f"{address}/network", tracking_uri=store.OWN)
    assert Path(got).read_text() == "weights"
    assert Path(got).is_relative_to(home)
    own = (home / "artifacts" / "viper").as_uri()
    assert client.get_run(run_id).info.artifact_uri == f"{own}/{run_id}/artifacts"
    second = client.create_run(store.experiment("viper")).info.run_id
    client.log_text(second, "new", "new")
    assert (home / "artifacts" / "viper" / second / "artifacts" / "new").is_file()
    if move is shutil.move:
        assert not (tmp_path / ".mlflow").exists()
    else:
        assert content(tmp_path / ".mlflow" / "artifacts") == before


def test_a_folder_that_mlflow_cannot_write_in_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(tmp_path / "what?" / ".mlflow", monkeypatch)
    with pytest.raises(InputError, match=r"a folder with '\?' in its name can't hold it"):
        store.client()
    assert list(tmp_path.iterdir()) == []


def test_experiments_of_dvc_log_to_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    home = Path("/project")
    temporary = home / ".dvc" / "tmp" / "exps" / "standalone" / "tmp1"
    assert store._project(temporary) == temporary
    monkeypatch.setenv("DVC_ROOT", str(home))
    assert store._project(temporary) == home
    assert store._project(home) == home
    assert store._project(home / "inner") == home / "inner", "a project of its own"


@pytest.mark.parametrize(
    ("uri", "line"),
    [
        ("http://127.0.0.1:9", "Connection refused"),
        ("http://me:secret@127.0.0.1:9", "http://127.0.0.1:9: .*Connection refused"),
        ("sqlite:///{broken}", "file is not a database"),
        ("postgresql+nodriver://me:secret@127.0.0.1/db", "Can't load plugin"),
        ("other://127.0.0.1", "unsupported URI"),
    ],
)
def test_a_store_that_is_not_there_is_told_in_one_line(
    uri: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "mlflow.db"
    broken.write_text("this is no database, and never was one")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri.format(broken=broken))
    store.client.cache_clear()
    with pytest.raises(InputError, match=line) as caught:
        store.client()
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)
    assert str(caught.value).endswith("see MLFLOW_TRACKING_URI")


def test_artifacts_lie_beside_the_store(own_store: MlflowClient, tmp_path: Path) -> None:
    place = own_store.get_experiment(store.experiment("viper")).artifact_location
    assert place == (tmp_path / ".mlflow" / "artifacts" / "viper").as_uri()
    assert store.experiment("viper") == store.experiment("viper")


def test_on_a_server_of_others_experiments_bear_the_projects_name(
    own_store: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.OWN)
    monkeypatch.setattr(store, "OWN", "sqlite:///another")
    assert own_store.get_experiment(store.experiment("viper")).name == "mtdnet/viper"


def test_asking_everywhere_leaves_no_trace(
    own_store: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.everywhere():
        assert mlflow.get_tracking_uri() == store.OWN
    assert "MLFLOW_TRACKING_URI" not in os.environ
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store.OWN)
    with store.everywhere():
        pass
    assert os.environ["MLFLOW_TRACKING_URI"] == store.OWN


def test_users_store_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.location() == store.OWN
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert store.location() == "http://127.0.0.1:5000"


def test_telemetry_is_off() -> None:
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"
