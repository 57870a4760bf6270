"""A flow on a worker is measured, with stages that hardly sleep."""

from pathlib import Path

import pytest
import torch

from benchmarks.rows import Place
from benchmarks.work import workers
from mtdnet.device import Device


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_stage_costs_something_here_and_on_a_worker(tmp_path: Path) -> None:
    cpu = Device(torch.device("cpu"), bf16=False, name="test")
    place = Place(cpu, 1e12, tmp_path, network=None, images=None)
    here, there = workers.measure(place, sleeps=0.2, each=1, workers=[1])
    for row in (here, there):
        assert 0 < row.own < 10
        assert float(row.notes["seconds of a core"]) > 1
    assert "in one folder" in here.work and "on 1 worker" in there.work
