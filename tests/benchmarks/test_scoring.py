"""The benchmarks of scoring, on sizes that say nothing of speed."""

from pathlib import Path

import pytest
import torch

from benchmarks import passes
from benchmarks.rows import Place
from mtdnet.device import Device
from mtdnet.networks.mtdnet import MTDnet

CPU = Device(torch.device("cpu"), bf16=False, name="test")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    torch.manual_seed(0)
    monkeypatch.setattr(passes, "networks", lambda place: {"drawn": MTDnet(1 / 16).eval()})
    return Place(CPU, 1e12, tmp_path, network=None, images=None)


def test_scores_are_compared_on_the_same_pairs(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "compile", lambda work: work)
    rows = list(passes.measure(place, 3, 2, (4, 64), torch.float32, reach=20, ways=(False, True)))
    assert len(rows) == 2
    for row in rows:
        assert row.own > 0 and row.other > 0 and row.share is not None
        assert row.notes["same ranks"] and float(row.notes["largest difference of scores"]) < 1e-5
