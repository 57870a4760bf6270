"""The graph of stages: a change of code that figures rest on brings their stages out of date."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo

from flows import graph
from flows.environment import ROOT

ENTRY = {
    "ingest": "mtdnet.data.ingest",
    "augment": "mtdnet.augment",
    "pretrain": "mtdnet.training",
    "train": "mtdnet.training",
    "evaluate": "mtdnet.evaluate",
    "report": "mtdnet.report",
}
# Reading and writing files and parameters, by every step: a change there must not train anew.
# Images come decoded from ingest, so the code that decodes them is its dependency alone.
SHARED = {
    "",
    "errors",
    "files",
    "params",
    "provenance",
    "tables",
    "data",
    "data.page",
    "data.pixels",
}
EXEMPT = {f"mtdnet.{name}".rstrip(".") for name in SHARED}


def source(module: str) -> Path | None:
    """Return a module's file, None when it is no module of the project."""
    place = ROOT.joinpath(*module.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def imports(file: Path) -> Iterator[str]:
    """Yield the project's modules that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("mtdnet"):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def closure(entry: str) -> set[str]:
    """Return all modules of the project that a module comes to import, itself included."""
    found: set[str] = set()
    rest = [entry]
    while rest:
        module = rest.pop()
        file = source(module)
        if file is not None and module not in found and module not in EXEMPT:
            found.add(module)
            rest.extend(imports(file))
    return found


def step_of(stage: Any) -> str:
    """Return the step of a stage of ``dvc.yaml``, the path of a ``.dvc`` file."""
    return str(stage.addressing).split("@")[0]


@pytest.mark.parametrize("step", ENTRY)
def test_stage_depends_on_all_code_that_its_step_imports(step: str) -> None:
    with Repo(str(ROOT)) as repo:
        stages = [each for each in repo.index.stages if step_of(each) == step]
        deps = {Path(dep.fs_path) for stage in stages for dep in stage.deps if dep.fs_path}
    assert stages
    assert ROOT / "tasks" / f"{step}.py" in deps
    files = {file for module in closure(ENTRY[step]) if (file := source(module))}
    assert files
    uncovered = {str(file.relative_to(ROOT)) for file in files if not deps & {file, *file.parents}}
    assert not uncovered


def test_every_code_dependency_exists_and_is_used() -> None:
    with Repo(str(ROOT)) as repo:
        for stage in repo.index.stages:
            step = step_of(stage)
            if step not in ENTRY:
                continue
            used = {file for module in closure(ENTRY[step]) if (file := source(module))}
            used.add(ROOT / "tasks" / f"{step}.py")
            code = [Path(dep.fs_path) for dep in stage.deps if dep.fs_path.endswith(".py")]
            code += [Path(dep.fs_path) for dep in stage.deps if "/mtdnet/" in dep.fs_path]
            for place in code:
                assert any(place in {file, *file.parents} for file in used), (step, place)


def test_graph_runs_from_ingest_to_report_and_trains_on_gpus() -> None:
    stages = {stage.name: stage for stage in graph.stages(ROOT)}
    assert {"ingest@cuhk03", "augment@cuhk03"} <= set(stages["pretrain"].upstream)
    train = [name for name in stages if name.startswith("train@")]
    evaluate = [name for name in stages if name.startswith("evaluate@")]
    assert train
    for name in train:
        assert "pretrain" in stages[name].upstream
    assert set(evaluate) <= set(stages["report"].upstream)
    wants_gpu = {name for name, stage in stages.items() if stage.gpu}
    assert wants_gpu == {"pretrain", *train, *evaluate}
    order = list(stages)
    for name, stage in stages.items():
        assert all(order.index(other) < order.index(name) for other in stage.upstream)


def test_one_benchmark_needs_its_own_stages_and_the_source() -> None:
    stages = graph.stages(ROOT)
    target = next(stage.name for stage in stages if stage.name.startswith("train@"))
    benchmark = target.removeprefix("train@").removesuffix("-mtdnet")
    names = {stage.name for stage in graph.needed(stages, [target])} - {"data.dvc"}
    own = {f"{step}@{benchmark}" for step in ("ingest", "augment")}
    assert names == {target, "pretrain", "ingest@cuhk03", "augment@cuhk03", *own}
