"""A search: what it varies, what it makes of each trial, and that it goes on where it stopped."""

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from flows import graph, search, study
from flows.environment import ROOT
from flows.study import Space, Study
from mtdnet import params, steps
from mtdnet.errors import InputError, Stopped
from tasks import runs, study_runs, trial

SPACE = """
benchmark: cuhk03
parameters:
  pretrain.learning_rate: {low: 0.001, high: 0.02, log: true}
  pretrain.triplets: {low: 60, high: 120}
  pretrain.losses.triplet.hardest: [false, true]
"""
Try = Callable[[Mapping[str, Any]], float]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project with a space, whose graph is that of this one."""
    (tmp_path / study.SPACES).mkdir(parents=True)
    (tmp_path / study.SPACES / "some.yaml").write_text(SPACE)
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    own = graph.Stage("pretrain@mtdnet-0", (), ("models/cuhk03-0/mtdnet",), gpu=True)
    monkeypatch.setattr(graph, "stages", lambda root: [own])
    return tmp_path


@pytest.fixture
def tries(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """Return what trials try: a large rate fails, a small one is given up, others finish."""
    taken: list[dict[str, Any]] = []
    ends: dict[str, list[str]] = {}
    monkeypatch.setattr(study_runs, "of_study", lambda network, name: name)
    numbers = count()
    monkeypatch.setattr(study_runs, "of_trial", lambda *words: f"run {next(numbers)}")
    monkeypatch.setattr(study_runs, "log", lambda run, parameters, rank1=None: None)
    monkeypatch.setattr(runs, "end", lambda run, how: ends.setdefault(run, []).append(how))

    def run(root: Path, stage: str, name: str, values: dict[str, Any], *more: Any) -> None:
        assert stage == "pretrain@mtdnet-0"
        taken.append(values)
        if values["pretrain.learning_rate"] > 0.012:
            raise trial.Failed("the pair loss is not finite")
        if values["pretrain.learning_rate"] < 0.002:
            raise trial.Pruned

    monkeypatch.setattr(trial, "run", run)
    monkeypatch.setattr(
        trial, "reached", lambda root, name, network: taken[-1]["pretrain.triplets"] / 200
    )
    yield taken
    assert all(len(of_run) == 1 for run, of_run in ends.items() if run != "some"), "ended once"


def test_the_own_spaces_are_of_parameters_that_there_are_and_of_no_test() -> None:
    stages = graph.stages(ROOT)
    files = sorted((ROOT / study.SPACES).glob("*.yaml"))
    assert files
    for file in files:
        space = study.load(ROOT, file.stem)
        model = steps.model(*space.network).as_posix()
        (own,) = (each.name for each in stages if model in each.outs)
        names = {each.name for each in graph.needed(stages, [own])}
        assert own in names
        assert not any(name.startswith(("evaluate", "report")) for name in names)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("cuhk03", "cuhk99", r"some\.yaml: no benchmark 'cuhk99'; known: cuhk03"),
        ("pretrain.triplets", "pretrain.triplet", "params.yaml has no 'pretrain.triplet'"),
        ("pretrain.triplets", "seed.x", "params.yaml has no 'seed.x'"),
        ("low: 60", "low: 0", r"pretrain\.triplets 0: pretrain\.triplets: expected greater than"),
        ("[false, true]", "[1]", r"hardest 1: .*expected true or false, found 1"),
        ("[false, true]", "[]", r"parameters\.pretrain\.losses\.triplet\.hardest"),
        ("log: true", "lag: true", "unknown key 'lag'"),
    ],
)
def test_a_wrong_space_is_one_line(root: Path, before: str, after: str, words: str) -> None:
    file = root / study.SPACES / "some.yaml"
    file.write_text(SPACE.replace(before, after))
    with pytest.raises(InputError, match=words) as caught:
        search.search(root, "some", 1)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"other\.yaml: no such file"):
        search.search(root, "other", 1)


def test_tries_until_there_are_so_many_and_tells_the_best(
    root: Path, tries: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    search.search(root, "some", 12)
    assert len(tries) == 12
    finished = [t for t in tries if 0.002 <= t["pretrain.learning_rate"] <= 0.012]
    assert 0 < len(finished) < 12
    told = capsys.readouterr().out
    best = max(t["pretrain.triplets"] for t in finished)
    assert f"validation rank-1 {best / 2:.2f} %\nwrite that into params.yaml" in told
    assert told.count(": failed: the pair loss is not finite") == sum(
        t["pretrain.learning_rate"] > 0.012 for t in tries
    )
    search.search(root, "some", 12)
    assert len(tries) == 12, "there are enough"
    search.search(root, "some", 13)
    assert len(tries) == 13


def test_one_seed_tries_the_same(root: Path, tries: list[dict[str, Any]]) -> None:
    search.search(root, "some", 8)
    for file in (root / study.FOLDER).iterdir():
        file.unlink()
    search.search(root, "some", 3)
    search.search(root, "some", 8)
    assert tries[8:] == tries[:8], "in two parts too"


def test_what_was_stopped_is_tried_again(
    root: Path, tries: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trial.run

    def interrupted(*words: Any) -> None:
        run(*words)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(trial, "run", interrupted)
    with pytest.raises(Stopped, match="some: stopped in trial 0"):
        search.search(root, "some", 2)
    monkeypatch.setattr(trial, "run", run)
    search.search(root, "some", 2)
    assert len(tries) == 3 and tries[0] == tries[1] != tries[2]


def test_what_was_running_when_it_was_killed_is_tried_again(root: Path) -> None:
    space = study.load(root, "some")
    own = Study(root, "some", seed=1, patience=0)
    values = space.suggest(own.ask())
    again = Study(root, "some", seed=1, patience=0)
    again.recover()
    assert not again.done() and space.suggest(again.ask()) == values


def test_what_never_runs_is_one_line(
    root: Path, tries: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*words: Any) -> None:
        raise trial.Failed("data/cuhk03 is missing")

    monkeypatch.setattr(trial, "run", broken)
    with pytest.raises(InputError, match="3 trials failed, the last one so: data/cuhk03 is miss"):
        search.search(root, "some", 20)


def test_a_trial_below_the_median_is_hopeless(root: Path) -> None:
    own = Study(root, "some", seed=1, patience=10)
    space = params.build(Space, {"benchmark": "a", "parameters": {"x": [1, 2]}}, "here")
    for number in range(4):
        one = own.ask()
        space.suggest(one)
        for step in (10, 20):
            one.report(0.5 + number / 100, step)
        own.ended(one, 0.5)
    late = own.ask()
    late.report(0.1, 5)
    assert not late.should_prune(), "too early"
    late.report(0.1, 10)
    assert late.should_prune()


def test_a_dry_run_only_tells(
    root: Path, tries: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    search.search(root, "some", 5, dry_run=True)
    told = capsys.readouterr().out
    assert "pretrain.triplets: 60 to 120" in told and "up to 5 trials of pretrain@mtdnet-0" in told
    assert not tries and not (root / study.FOLDER).exists()


@pytest.mark.parametrize("how", ["garbage", "cut", "flipped", "another program's", "a folder"])
def test_a_broken_study_is_one_line_and_stays(
    how: str, root: Path, tries: list[dict[str, Any]]
) -> None:
    search.search(root, "some", 2)
    file = root / study.FOLDER / "some.db"
    whole = file.read_bytes()
    tables = whole[:4096] + bytes(byte ^ 255 for byte in whole[4096:])
    contents = {"garbage": b"x" * 5000, "cut": whole[: len(whole) // 2], "flipped": tables}
    file.unlink()
    if how == "a folder":
        file.mkdir()
    elif how == "another program's":
        with closing(sqlite3.connect(file)) as other:
            other.execute("create table studies (a int)")
            other.commit()
    else:
        file.write_bytes(contents[how])
    with pytest.raises(InputError, match=r"some\.db: .+; the study can't go on") as caught:
        search.search(root, "some", 4)
    assert "\n" not in str(caught.value)
    assert len(tries) == 2
    assert file.is_dir() or how not in contents or file.read_bytes() == contents[how]
