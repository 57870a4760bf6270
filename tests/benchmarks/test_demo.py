"""How long the demo is said to take, from a step's time and a start's."""

from pathlib import Path

import pytest

from benchmarks import demo
from mtdnet import params

ROOT = Path(__file__).parents[2]


def test_the_demo_took_what_the_estimate_says_of_its_machine() -> None:
    settings = params.load(ROOT / "params.yaml")
    assert demo.estimate(settings, step=0.072, start=2.3, lanes=2) == pytest.approx(281, rel=0.05)
    assert demo.estimate(settings, 0.144, 4.6, 1) == pytest.approx(4 * 281, rel=0.05)
