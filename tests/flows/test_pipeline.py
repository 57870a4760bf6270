"""What is wrong with the parameters is told in one line, before anything runs."""

from collections.abc import Callable
from pathlib import Path

from flows import pipeline
from flows.environment import ROOT


def test_unknown_benchmark() -> None:
    state = pipeline.run(ROOT, "nowhere")
    assert state.is_failed()
    assert state.message is not None
    assert state.message.startswith("train.targets: no benchmark 'nowhere'; known: ")


def test_unknown_key(project: Callable[[str], Path]) -> None:
    root = project("stages: {}")
    (root / "params.yaml").write_text("seeds: 1")
    state = pipeline.run(root)
    assert state.is_failed()
    assert state.message is not None
    assert state.message.startswith(f"{root / 'params.yaml'}: unknown key 'seeds'; known: ")


def test_broken_graph(project: Callable[[str], Path]) -> None:
    root = project("stages: {one: {command: date}}")
    text = (ROOT / "params.yaml").read_text()
    (root / "params.yaml").write_text(text)
    state = pipeline.run(root)
    assert state.is_failed()
    assert state.message is not None
    assert state.message.startswith(f"{root / 'dvc.yaml'}: ")
    assert "\n" not in state.message
