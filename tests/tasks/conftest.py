"""An MLflow store of its own for each test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from mlflow import MlflowClient

from mtdnet.artifacts import TrainingRecord
from mtdnet.files import sha256
from mtdnet.networks import serialization
from mtdnet.networks.mtdnet import MTDnet
from tasks import store

SPLIT = "results/augment/viper-0/split.parquet"
Trained = Callable[[str, float, int], Path]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one empty store; a new one takes seconds."""
    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(f"sqlite:///{file}").search_experiments(max_results=1)
    return file


@pytest.fixture
def own_store(
    migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MlflowClient]:
    """Put the store below ``tmp_path/.mlflow`` and make ``tmp_path`` the current folder."""
    folder = tmp_path / ".mlflow"
    folder.mkdir()
    shutil.copy(migrated, folder / "mlflow.db")
    monkeypatch.setattr(store, "FOLDER", folder)
    monkeypatch.setattr(store, "OWN", f"sqlite:///{folder / 'mlflow.db'}")
    monkeypatch.setattr(store, "LOCK", FileLock(folder / "lock"))
    monkeypatch.chdir(tmp_path)
    store.client.cache_clear()
    yield store.client()
    store.client.cache_clear()


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    """Make a model folder ``tmp_path/models/NAME`` of a small network drawn from a seed."""

    def make(name: str, rank1: float, seed: int) -> Path:
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(seed)
        serialization.save(MTDnet(1 / 16), folder / "network.safetensors")
        TrainingRecord(
            variant=folder.name,
            start="drawn",
            width=1 / 16,
            trunk_width=1 / 16,
            seed=seed,
            steps=40,
            triplets=4800,
            best_step=20,
            validation_rank1=rank1,
            validation_mAP=rank1,
            validation_persons=10,
            temperature=None,
            seconds=2.0,
            triplets_per_second=2400.0,
            device="here",
            processes=1,
            bf16=False,
            compiled=False,
            commit="c0ffee",
            fingerprint=f"{name}-{seed}",
            split_sha256=sha256(split) if (split := tmp_path / SPLIT).is_file() else "",
        ).write(folder)
        (folder / "history.csv").write_text(
            "step,triplets,pair_loss,validation_rank1\n20,400,0.7,0.5\n"
        )
        return folder

    return make
