"""How far a flow is, by a clock of its own."""

import pytest

from tasks.bar import Bar
from tasks.tally import Tally


def test_time_left_is_that_of_the_stages_that_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("tasks.tally.time.monotonic", lambda: now[0])
    names = ["pretrain@mtdnet-0", "train@a-mtdnet-0", "train-compared@a-rnk-0", "train@b-mtdnet-0"]
    tally = Tally([*names, "report"])
    assert tally.line() == "0 of 5 stages, left: 1 pretrain and 3 train and 1 report"
    now[0] = 200.0
    tally.ended(names[0], 200.0)
    assert tally.line() == "1 of 5 stages, left: 3 train and 1 report"
    now[0] = 240.0
    tally.ended(names[1], 40.0)
    assert tally.line() == "2 of 5 stages, left: about 80 s and 1 report"
    tally.ended(names[2], 40.0)  # beside the one before it: 280 s of work in 240
    assert tally.line() == "3 of 5 stages, left: about 34 s and 1 report"
    now[0] = 280.0
    tally.ended(names[3], 40.0)
    tally.ended("report", 1.0)
    assert tally.line() == "5 of 5 stages, 5 min"


def test_the_stages_that_run_say_what_is_done() -> None:
    tally = Tally(["ingest@viper", "train@viper"])
    with tally.running("train@viper"):
        with tally.running("ingest@viper"):
            tally.show("train@viper", Bar("mtdnet", 37, "134k/360k", "53:20", "70 triplets/s"))
            rows = [("train@viper", "mtdnet, 37 %", "53:20"), ("ingest@viper", "runs", "")]
            assert tally.rows() == rows
        assert tally.rows() == rows[:1]
    assert tally.rows() == []
