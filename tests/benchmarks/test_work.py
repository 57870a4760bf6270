from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import rank1, training
from benchmarks.rows import NotMeasured, Place
from benchmarks.work import ingest
from mtdnet import params
from mtdnet.data.images import PIXELS
from mtdnet.data.pack import pack
from mtdnet.data.pixels import read_files
from mtdnet.device import Device
from mtdnet.networks.trunks import TRUNKS
from mtdnet.params import Split


def test_the_plain_loop_writes_the_same_file(tmp_path: Path) -> None:
    names = ingest.draw(tmp_path / "images", 5)
    pack(tmp_path / "images", names, read_files, tmp_path / "own.npy", (227, 227))
    ingest.plain(tmp_path / "images", names, tmp_path / "other.npy")
    assert (tmp_path / "own.npy").read_bytes() == (tmp_path / "other.npy").read_bytes()


@pytest.mark.parametrize("rows", [[(20, 0.35)], [(20, 0.1), (40, 0.6)]])
def test_a_watch_notes_when_a_rank_is_reached(rows: list[tuple[int, float]]) -> None:
    watch = rank1.Watch(limit=60)
    stopped = False
    for step, value in rows:
        try:
            watch.log({"step": step, "validation_rank1": value})
        except rank1.Enough:
            stopped = True
    assert stopped == (rows[-1][1] >= 0.5)
    assert {rank: step for rank, (_, step) in watch.reached.items()} == {
        rank: rows[-1][0] for rank in rank1.RANKS if rank <= rows[-1][1]
    }
    with pytest.raises(rank1.Enough):
        rank1.Watch(limit=0).log({"step": 1, "validation_rank1": 0.0})


def test_both_recipes_are_trained_to_a_rank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rank1, "WIDTH", 1 / 32)
    monkeypatch.setattr(rank1, "RANKS", (0.0, 2.0))  # the second is never reached
    monkeypatch.setattr(rank1, "EVERY", 1)
    monkeypatch.setattr(rank1, "DRAWN", Split(name="random", test=4, validation=4))
    cpu = Device(torch.device("cpu"), bf16=False, name="test")
    place = Place(cpu, 1e12, tmp_path, network=None, images=None)
    # a limit of 0 is reached by the first row of the history
    (row,) = rank1.measure(place, minutes=1e-9, persons=40)
    assert "0%" in row.work and "step 1" in str(row.notes["modern"])
    assert row.own > 0 and row.other > 0 and row.notes["persons"] == "40 drawn"
    for name in ("modern", "paper"):  # on the trunk that the recipe says
        trunk = params.load(rank1.CONFIGS / f"{name}.yaml").trunk
        images = np.load(tmp_path / name / "ingest" / PIXELS, mmap_mode="r")
        assert images.shape[1:3] == TRUNKS[trunk].size
    monkeypatch.setattr(rank1, "RANKS", (2.0,))
    monkeypatch.setattr(rank1, "_images", lambda place, persons: tmp_path / "data" / "cuhk03")
    with pytest.raises(NotMeasured, match="no recipe is at rank-1 200% within"):
        next(rank1.measure(replace(place, scratch=tmp_path / "again"), minutes=1e-9))


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
