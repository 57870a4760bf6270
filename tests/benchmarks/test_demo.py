"""How long the demo is said to take, from a step's time and a start's."""

from pathlib import Path

import pytest

from benchmarks import demo
from mtdnet import params

ROOT = Path(__file__).parents[2]


def test_the_demo_took_what_the_estimate_says_of_its_machine() -> None:
    now = params.load(ROOT / "params.yaml")
    then = now.pretrain.model_copy(update={"steps": 600})
    more = now.train.compared.model_copy(update={"targets": ("viper", "ilids")})
    train = now.train.model_copy(update={"compared": more})
    settings = now.model_copy(update={"pretrain": then, "train": train})
    machine = {"step": 0.28, "alone": 0.15, "start": 2.5}
    assert demo.estimate(settings, **machine, lanes=2) == pytest.approx(381, rel=0.05)
    one, two = (demo.estimate(settings, **machine, lanes=lanes) for lanes in (1, 2))
    assert one < 2 * two  # the source's one training has nothing beside it
