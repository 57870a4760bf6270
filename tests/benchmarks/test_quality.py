"""Blocks against the paper's list, on a handful of images."""

from pathlib import Path

import pytest
import torch

from benchmarks import quality
from mtdnet.device import Device
from mtdnet.losses.batch import DeviceBatch
from mtdnet.params import Augment, Training
from mtdnet.training.trainer import Trainer

CPU = Device(torch.device("cpu"), bf16=False, name="test")


def test_both_ways_take_as_many_triplets_and_the_list_is_looked_at_in_equal_time(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    step = Trainer.step

    def counted(self: Trainer, target: DeviceBatch) -> None:
        taken.append(target.batch.triplets.shape[1])
        step(self, target)

    monkeypatch.setattr(Trainer, "step", counted)
    monkeypatch.setattr(quality, "SEEDS", (0, 1))
    monkeypatch.setattr(quality, "LOOK_EVERY", 2)
    monkeypatch.setattr(quality, "TEST", 2)
    settings = Training(steps=5, triplets=6)
    chosen = Augment(negatives=2, pairs=3)
    plan = quality.Plan("drawn", small / "ingest" / "viper", 3, chosen, settings, 1 / 32)
    rows = list(quality.compare(plan, tmp_path, CPU))
    assert taken == [6] * 5 * 2 * 2
    heads = ["pair", "pair", "ranking", "ranking"]
    assert [row.work.split()[3] for row in rows] == heads
    assert [row.reach for row in rows] == [1, None] * 2
    assert all(0 <= row.own <= 1 and row.notes["triplets"] == 30 for row in rows)
