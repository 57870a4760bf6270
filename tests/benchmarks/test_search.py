"""The search that the benchmarks measure, on a handful of images."""

from pathlib import Path

import pytest
import torch

from benchmarks.rows import NotMeasured, Place
from benchmarks.work import search
from mtdnet.device import Device
from mtdnet.networks import serialization
from mtdnet.networks.mtdnet import MTDnet

CPU = Device(torch.device("cpu"), bf16=False, name="test")


@pytest.fixture
def place(small: Path, tmp_path: Path) -> Place:
    torch.manual_seed(0)
    serialization.save(MTDnet(1 / 32), tmp_path / "network.safetensors")
    (tmp_path / "scratch").mkdir()
    network, images = tmp_path / "network.safetensors", small / "ingest" / "viper"
    return Place(CPU, 1e12, tmp_path / "scratch", network, images)


def test_a_shortlist_of_the_whole_gallery_gives_the_same_images(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "QUERIES", 3)
    (row,) = search.measure(place)
    assert "25 images" in row.work and row.own > 0 and row.other > 0
    assert row.notes["queries with the same top 10"] == "3 of 3"


def test_untrained_it_is_not_measured(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match="needs a trained network"):
        next(iter(search.measure(Place(CPU, 1.0, tmp_path, None, None))))
