"""An MLflow store of its own for each test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from mlflow import MlflowClient, pyfunc
from PIL import Image

from mtdnet import params
from mtdnet.artifacts import TrainingRecord
from mtdnet.data.ingest import ingest
from mtdnet.files import sha256
from mtdnet.networks import header, serialization
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.protocol.augment import augment
from tasks import served_model, store
from tests.networks.spread import spread
from tests.tasks.tracked import Trained, settle

SPLIT = "results/augment/viper-0/split.parquet"


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
    settle(tmp_path, monkeypatch)
    store.client.cache_clear()
    yield store.client()
    store.client.cache_clear()


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a network that scores pairs far apart; ``network`` and ``model`` below the folder."""
    room = tmp_path_factory.mktemp("saved")
    serialization.save(spread(1 / 16), room / "network" / header.FILE, 2.0)
    pyfunc.save_model(room / "model", **served_model.parts(room / "network"))
    return room


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
            snapshot="last",
            fingerprint=f"{name}-{seed}",
            split_sha256=sha256(split) if (split := tmp_path / SPLIT).is_file() else "",
        ).write(folder)
        (folder / "history.csv").write_text(
            "step,triplets,pair_loss,validation_rank1\n20,400,0.7,0.5\n"
        )
        return folder

    return make


@pytest.fixture
def data(own_store: MlflowClient) -> Callable[..., None]:
    """Return what makes data of the current folder, and a split of them."""

    def make(persons: int, validation: int, test: int = 2, picture: int = 0) -> None:
        """Ingest that many persons, whose two pictures are alike, and draw a split of them."""
        source = Path("data") / f"{persons}-{picture}"
        for person in range(persons):
            rng = np.random.default_rng([picture, person])
            pixels = rng.integers(0, 256, (8, 4, 3), np.uint8).repeat(4, 0).repeat(4, 1)
            for camera in "ab":
                file = (
                    source
                    / "VIPeR"
                    / f"cam_{camera}"
                    / f"{person:03d}_{0 if camera == 'a' else 90}.png"
                )
                file.parent.mkdir(parents=True, exist_ok=True)
                noise = rng.integers(0, 4, pixels.shape, np.uint8)
                Image.fromarray((pixels // 2 + noise).astype(np.uint8)).save(file)
        out = Path("results/ingest/viper")
        ingest(source=source, benchmark="viper", layout="viper", out=out, boxes="labeled")
        split = params.Split(name="random", test=test, validation=validation)
        settings = params.Augment(splits={"viper": split})
        augment(ingested=out, out=Path("results/augment/viper-0"), settings=settings, seed=1)

    return make


@pytest.fixture
def sharp() -> Callable[..., Path]:
    """Return what gives a model folder a network that knows one picture from another."""

    def make(folder: Path, seed: int, temperature: float | None = None) -> Path:
        """Let a model folder hold a network that knows one picture of a person from another."""
        torch.manual_seed(seed)
        network = MTDnet(1 / 16)
        network.pair.take_distance(network.feature_size)
        assert network.pair.distance is not None
        network.pair.distance.weight.data.fill_(-100.0)
        serialization.save(network, folder / "network.safetensors", temperature)
        return folder

    return make
