"""How long the demo is said to take, from a step's time and a start's."""

from pathlib import Path

import pytest

from benchmarks import demo
from mtdnet import params

ROOT = Path(__file__).parents[2]


def test_the_demo_took_what_the_estimate_says_of_its_machine() -> None:
    settings = params.load(ROOT / "params.yaml")
    assert demo.estimate(settings, step=0.13, start=1.8, lanes=2) == pytest.approx(257, rel=0.05)
    alone, two = (demo.estimate(settings, 0.13, 1.8, lanes) for lanes in (1, 2))
    assert alone < 2 * two  # the source's one training has nothing beside it
