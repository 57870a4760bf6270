"""The benchmarks of scoring, on sizes that say nothing of speed."""

from pathlib import Path

import pytest
import torch

from benchmarks import passes
from benchmarks.rows import Place
from benchmarks.work import scoring_curves, scoring_gpu, scoring_processor
from mtdnet.device import Device
from mtdnet.networks.mtdnet import MTDnet

CPU = Device(torch.device("cpu"), bf16=False, name="test")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    torch.manual_seed(0)
    monkeypatch.setattr(passes, "networks", lambda place: {"drawn": MTDnet(1 / 16).eval()})
    return Place(CPU, 1e12, tmp_path, network=None, images=None)


def test_a_processor_is_compared_on_the_same_pairs(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring_processor, "OWN", 3)
    monkeypatch.setattr(scoring_processor, "PLAIN", 2)
    (row,) = scoring_processor.measure(place)
    assert row.own > 0 and row.other > 0 and row.share is not None
    assert row.notes["same ranks"] and float(row.notes["largest difference of scores"]) < 1e-5


def test_a_gpu_is_compared_with_and_without_compilation(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring_gpu, "OWN", 3)
    monkeypatch.setattr(scoring_gpu, "PLAIN", 2)
    monkeypatch.setattr(torch, "compile", lambda work: work)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 0)
    for row in scoring_gpu.measure(place):
        assert row.own > 0 and row.other > 0 and row.share is not None
        assert row.notes["same ranks"] and float(row.notes["tail alone, of peak"]) >= 0


def test_curves_grow_over_either_side(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring_curves, "FEW", 2)
    monkeypatch.setattr(scoring_curves, "SIZES", (1, 3))
    monkeypatch.setattr(scoring_curves, "WIDTH", 1 / 16)
    curves = list(scoring_curves.measure(place))
    assert [curve.over for curve in curves] == ["queries", "gallery images"]
    assert all([size for size, _ in curve.points] == [1, 3] for curve in curves)
