"""A gallery of drawn persons, a query for it, and networks to ask: random, trained, ranking."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mtdnet.networks import serialization
from mtdnet.networks.alexnet import AlexNet
from mtdnet.networks.mtdnet import MTDnet


@pytest.fixture(scope="session")
def networks(
    train_small: Callable[..., None], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Return the files of three networks."""
    room = tmp_path_factory.mktemp("networks")
    torch.manual_seed(0)
    for network, name in ((MTDnet(1 / 16), "random"), (AlexNet(1 / 16), "ranking")):
        for parameter in network.parameters():  # spread the scores
            parameter.data *= 1.9
        serialization.save(network, room / f"{name}.safetensors", 2.0 if name == "random" else None)
    train_small(room, steps=6, learning_rate=0.01, validate_every=3)
    found = {name: room / f"{name}.safetensors" for name in ("random", "ranking")}
    return found | {"trained": room / "model" / "network.safetensors"}


@pytest.fixture
def shop(small: Path, tmp_path: Path) -> Path:
    """Return a folder of 14 images, one a person; ``query.bmp`` beside it shows the fourth."""
    drawn = small.parent / "data" / "viper" / "VIPeR"
    shutil.copytree(drawn / "cam_b", tmp_path / "shop")
    shutil.copy(drawn / "cam_a" / "003_0.bmp", tmp_path / "query.bmp")
    return tmp_path / "shop"
