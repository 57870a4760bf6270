from pathlib import Path

import pytest

from benchmarks import parts
from mtdnet.artifacts import TrainingRecord
from mtdnet.metrics.interval import interval


def test_a_part_is_the_demo_but_for_what_it_says() -> None:
    base = parts.settings({}, 1)
    assert base.pretrain.steps == 600 and base.pretrain.variants == ("mtdnet",)
    for part, own in parts.PARTS.items():
        assert (parts.settings(own, 1) == base) == (not own), part
    plain = parts.settings({"pretrain": {"schedule": {"decay": "none"}}}, 2)
    assert plain.seed == 2
    assert plain.pretrain.schedule.decay == "none"
    assert plain.pretrain.schedule.warm_up == base.pretrain.schedule.warm_up


def test_a_part_gains_by_seed_over_the_first_row() -> None:
    base = [parts.Run(50.0, 40.0, 61.2, 72000), parts.Run(60.0, 41.0, 59.6, 72000)]
    other = [parts.Run(53.0, 45.0, 30.0, 36000), parts.Run(61.0, 46.0, 31.0, 36000)]
    over = interval([3.0, 1.0])
    *_, first, second = parts.shown({"all": base, "less": other}).splitlines()
    assert first == "| all | 50.0, 60.0 | 40.0, 41.0 |  | 72,000 | 60 to 61 |"
    gain = f"{over.mean:+.1f} ({over.low:+.1f} to {over.high:+.1f})"
    assert second == f"| less | 53.0, 61.0 | 45.0, 46.0 | {gain} | 36,000 | 30 to 31 |"


def test_parts_are_trained_and_judged_and_go_on_where_they_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    few = {"name": "random", "test": 4, "validation": 4}
    small = {"width": 1 / 32, "steps": 2, "triplets": 12, "validate_every": 2}
    monkeypatch.setattr(parts, "PERSONS", {"cuhk03": 24})
    monkeypatch.setitem(parts.WORLD, "augment", {"splits": {"cuhk03": few}})
    monkeypatch.setitem(parts.WORLD, "pretrain", small)
    two = {"all": {}, "less": {"pretrain": {"steps": 1, "validate_every": 1}}}
    monkeypatch.setattr(parts, "PARTS", two)
    monkeypatch.setattr(parts, "SEEDS", (1,))
    runs = parts.measure(tmp_path / "parts")
    assert [runs[part][0].triplets for part in two] == [24, 12]
    done = [run for own in runs.values() for run in own]
    assert all(0 <= run.verdict <= 100 for run in done)
    records = (tmp_path / "parts").glob("*/models/*/*/training.json")
    spent = sorted(TrainingRecord.read(record.parent).seconds for record in records)
    assert sorted(run.seconds for run in done) == spent  # rounded: a fast step's are 0
    monkeypatch.setattr("mtdnet.steps.ingest", pytest.fail)
    assert parts.measure(tmp_path / "parts") == runs
    assert "seed 1, less" in capsys.readouterr().out
