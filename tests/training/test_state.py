"""Which step's network is kept."""

from typing import get_args

from mtdnet.params import Snapshot
from mtdnet.training.state import State


def test_the_snapshot_is_the_best_or_the_last() -> None:
    steps = {}
    for snapshot in get_args(Snapshot):
        state = State("", 3)
        for step, value in enumerate((0.4, 0.6, 0.5), 1):
            state.step, state.since = step, 1
            measured = {"validation_rank1": value, "validation_mAP": value}
            state.close_row(120, measured, snapshot)
        steps[snapshot] = (state.best_step, state.best[0])
    assert steps == {"best": (2, 0.6), "last": (3, 0.5)}
