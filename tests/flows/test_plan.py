"""What would run and why, and what is wrong with the parameters, before anything runs."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flows import plan
from flows.environment import ROOT
from flows.graph import Stage
from mtdnet.errors import InputError


def test_unknown_benchmark() -> None:
    with pytest.raises(InputError, match=r"^train\.targets: no benchmark 'nowhere'; known: "):
        plan.make(ROOT, "nowhere")


def test_unknown_key(project: Callable[[str], Path]) -> None:
    root = project("stages: {}")
    (root / "params.yaml").write_text("seeds: 1")
    with pytest.raises(InputError, match=r"params\.yaml: unknown key 'seeds'"):
        plan.make(root)


def test_broken_graph(project: Callable[[str], Path]) -> None:
    root = project("stages: {one: {command: date}}")
    (root / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    with pytest.raises(InputError, match=r"dvc\.yaml: ") as caught:
        plan.make(root)
    assert "\n" not in str(caught.value)


def test_it_names_what_changed(project: Callable[[str], Path]) -> None:
    root = project("""
        stages:
          read:
            cmd: cp data/viper results/viper
            deps: [data/viper, mtdnet/read.py]
            params: [seed]
            outs: [results/viper]
          train: {cmd: cp results/viper models, deps: [results/viper], outs: [models]}
    """)
    for folder in ("data", "mtdnet", "results"):
        (root / folder).mkdir()
    (root / "data" / "viper").write_text("a")
    (root / "mtdnet" / "read.py").write_text("a")
    settings = (ROOT / "params.yaml").read_text()
    (root / "params.yaml").write_text(settings)
    assert list(plan.make(root).lines()) == [
        "read: never run",
        "train: result results/viper deleted, output models deleted",
        "2 of 2 stages would run",
    ]
    subprocess.run([sys.executable, "-m", "dvc", "repro", "-q"], cwd=root, check=True)
    assert list(plan.make(root).lines()) == ["0 of 2 stages would run"]
    (root / "mtdnet" / "read.py").write_text("b")
    (root / "params.yaml").write_text(settings.replace("seed: 1", "seed: 2"))
    assert list(plan.make(root).lines()) == [
        "read: code mtdnet/read.py modified, parameter seed modified",
        "train: after read",
        "2 of 2 stages would run",
    ]


def test_a_benchmark_has_the_report_where_the_rest_is_up_to_date(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    graph = [
        Stage("train@viper", (), ("models/viper-0/mtdnet",), True, ("never run",)),
        Stage("evaluate@viper", ("train@viper",), ("results/evaluate/viper-0/mtdnet",), True),
        Stage("evaluate@ilids", (), ("results/evaluate/ilids-0/mtdnet",), True, (), True),
        Stage("report", ("evaluate@viper", "evaluate@ilids"), ("results/report",), False),
    ]
    monkeypatch.setattr(plan, "stages", lambda root: graph)
    names = [stage.name for stage in plan.make(ROOT, "viper").stages]
    assert names == ["train@viper", "evaluate@viper", "report"]
    graph[2] = Stage("evaluate@ilids", (), ("results/evaluate/ilids-0/mtdnet",), True)
    names = [stage.name for stage in plan.make(ROOT, "viper").stages]
    assert names == ["train@viper", "evaluate@viper"]


def test_networks_of_the_first_split_are_served() -> None:
    networks = [("viper", 0, "mtdnet"), ("viper", 1, "mtdnet"), ("ilids", 0, "cls")]
    assert plan.Plan([], networks).served == [("viper", 0, "mtdnet"), ("ilids", 0, "cls")]
