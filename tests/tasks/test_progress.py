"""How far a flow is, by a clock of its own."""

import pytest

from tasks.bar import Bar
from tasks.progress import Progress


def test_time_left_is_that_of_the_stages_that_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("tasks.progress.time.monotonic", lambda: now[0])
    names = ["pretrain@mtdnet-0", "train@a-mtdnet-0", "train-compared@a-rnk-0", "train@b-mtdnet-0"]
    progress = Progress([*names, "report"])
    assert progress.line() == "0 of 5 stages, left: 1 pretrain and 3 train and 1 report"
    now[0] = 200.0
    progress.ended(names[0], 200.0)
    assert progress.line() == "1 of 5 stages, left: 3 train and 1 report"
    now[0] = 240.0
    progress.ended(names[1], 40.0)
    assert progress.line() == "2 of 5 stages, left: about 80 s and 1 report"
    progress.ended(names[2], 40.0)  # beside the one before it: 280 s of work in 240
    assert progress.line() == "3 of 5 stages, left: about 34 s and 1 report"
    now[0] = 280.0
    progress.ended(names[3], 40.0)
    progress.ended("report", 1.0)
    assert progress.line() == "5 of 5 stages, 5 min"


def test_the_stages_that_run_say_what_is_done() -> None:
    progress = Progress(["ingest@viper", "train@viper"])
    progress.begin("ingest@viper")
    progress.begin("train@viper")
    progress.show("train@viper", Bar("mtdnet", 37, "134k/360k", "53:20", "70 triplets/s"))
    assert progress.rows() == [
        ("ingest@viper", "runs", ""),
        ("train@viper", "mtdnet, 37 %", "53:20"),
    ]
    progress.leave("ingest@viper")
    assert [row[0] for row in progress.rows()] == ["train@viper"]
