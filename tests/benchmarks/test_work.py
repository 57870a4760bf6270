from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import training
from benchmarks.rows import Place
from benchmarks.work import cmc, ingest
from mtdnet.data.pack import pack
from mtdnet.data.pixels import read_files
from mtdnet.device import Device


def test_no_two_costs_of_a_query_are_equal_and_all_kinds_of_images_are_there() -> None:
    cost, who, whom, where, there = cmc.market(queries=20, gallery=4000)
    assert all(len(np.unique(row)) == 4000 for row in cost)
    same, place = who[:, None] == whom, where[:, None] == there
    assert (same & place).any() and (same & ~place).any()
    assert (whom == cmc.PERSONS).any() and not (who == cmc.PERSONS).any()


def test_the_plain_loop_writes_the_same_file(tmp_path: Path) -> None:
    names = ingest.draw(tmp_path / "images", 5)
    pack(tmp_path / "images", names, read_files, tmp_path / "own.npy")
    ingest.plain(tmp_path / "images", names, tmp_path / "other.npy")
    assert (tmp_path / "own.npy").read_bytes() == (tmp_path / "other.npy").read_bytes()


def test_steps_on_blocks_stand_beside_three_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "WIDTH", 1 / 32)
    monkeypatch.setattr(training, "IMAGES", 12)
    cpu = Device(torch.device("cpu"), bf16=False, name="test")
    place = Place(cpu, 1e12, tmp_path, network=None, images=None)
    (row,) = training.measure(place, (cpu, 2), [(3, 2, False)], steps=1, reach=25)
    assert row.own > 0 and row.other > 0 and "float32" in row.against
    assert row.notes == {"pairs a step": 3, "negatives a pair": 2}
