"""The searches that the benchmarks measure, on a handful of images."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.rows import Curve, NotMeasured, Place, Ratio
from benchmarks.shortlists import agreement, lengths, needed
from benchmarks.work import search, search_gpu
from mtdnet.device import Device
from mtdnet.inference.features import Describer
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


def test_a_shortlist_of_the_needed_length_holds_the_best() -> None:
    near, best = np.array([4, 2, 0, 1, 3]), np.array([0, 4])
    size = needed(best, near)
    assert set(best) <= set(near[:size].tolist()) and not set(best) <= set(
        near[: size - 1].tolist()
    )
    needs = lengths([3, 160, 700, 4], [10, 100, 21, 101])
    assert needs == [3, 160, 700, 1010]
    row = agreement(needs, 200, 2000)
    assert (row.own, row.other) == (2, 4)
    assert row.notes["at 100"] == "1 of 4" and row.notes["at 1000"] == "3 of 4"
    assert row.notes["shortlist that 99% need"] == 1010


def test_the_piece_for_the_processor(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "QUERIES", 3)
    monkeypatch.setattr(search, "SIZES", (10, 400))
    monkeypatch.setattr(search, "_memory", lambda *asked: 1.0)  # a whole command each
    same, speed, long, curve, *faiss = search.measure(place)
    assert isinstance(same, Ratio) and (same.own, same.other) == (3, 3)
    assert isinstance(speed, Ratio) and "25 images" in speed.work
    assert isinstance(long, Ratio) and long.other == speed.other
    assert isinstance(curve, Curve) and [size for size, _ in curve.points] == [10, 400]
    assert len(faiss) == bool(find_spec("faiss"))
    for nearest in faiss:
        assert isinstance(nearest, Ratio) and "of 400 features" in nearest.work


def test_the_piece_for_a_gpu(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda work, dynamic: work)
    monkeypatch.setattr(search_gpu, "IMAGES", 26)
    monkeypatch.setattr(search_gpu, "VARIANTS", 3)
    monkeypatch.setattr(search_gpu, "BLOCK", 16)
    monkeypatch.setattr(search_gpu, "SHORTLIST", 5)
    monkeypatch.setattr(search_gpu, "FINALISTS", 3)
    same, speed, *large = search_gpu.measure(place)
    assert same.other == 2 and "of 26 at a shortlist of 5" in same.work
    assert "in 26 images" in speed.work and "in 78 images" in large[1].work


def test_the_best_on_a_gpu_are_those_of_one_pass(place: Place) -> None:
    assert place.network is not None
    describer = Describer(place.network)
    base = torch.randint(0, 256, (4, 227, 227, 3), dtype=torch.uint8)
    images = search_gpu.drawn(base, torch.arange(12))
    assert (
        images.shape == (12, 227, 227, 3)
        and len({image.tobytes() for image in images.numpy()}) == 12
    )
    found, _ = search_gpu._every(describer, base, base[:1], torch.arange(12))
    query, others = (search_gpu._halves(describer, some) for some in (base[:1], images))
    score = describer.scorer.against(query, others)
    assert found.best[0].tolist() == np.argsort(-score)[:10].tolist()
    np.testing.assert_allclose(found.once[0], describer.scorer.once(query, others[1][:12]))


def test_untrained_it_is_not_measured(tmp_path: Path) -> None:
    for piece in (search, search_gpu):
        with pytest.raises(NotMeasured, match="needs a trained network"):
            next(iter(piece.measure(Place(CPU, 1.0, tmp_path, None, None))))
