"""The graph of stages: a change of code that figures rest on brings their stages out of date."""

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dvc.repo import Repo

from flows import graph
from flows.environment import ROOT
from mtdnet import params, steps

ENTRY = {
    "ingest": "mtdnet.data.ingest",
    "augment": "mtdnet.protocol.augment",
    "pretrain": "mtdnet.training",
    "train": "mtdnet.training",
    "evaluate": "mtdnet.evaluation.evaluate",
    "report": "mtdnet.report.write",
}
# Reading and writing files and parameters, and recording, by every step: a change there must not
# train anew.
# Images come decoded from ingest, so the code that decodes them is its dependency alone.
SHARED = {
    "",
    "artifacts",
    "errors",
    "files",
    "interrupt",
    "params",
    "provenance",
    "tables",
    "tracker",
    "data",
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
    return str(stage.addressing).split("@")[0].split("-")[0]


def imported(step: str, stage: Any) -> set[str]:
    """Return the modules that a stage's step imports, with that of its variant, if it has one."""
    found = closure(ENTRY[step])
    name = re.search(r"--variant (\w+)", stage.cmd)
    return found | closure(f"mtdnet.variants.{name[1]}") if name else found


@pytest.mark.parametrize("step", ENTRY)
def test_stage_depends_on_all_code_that_its_step_imports(step: str) -> None:
    with Repo(str(ROOT)) as repo:
        stages = [each for each in repo.index.stages if step_of(each) == step]
        assert stages
        for stage in stages:
            deps = {Path(dep.fs_path) for dep in stage.deps if dep.fs_path}
            assert ROOT / "tasks" / f"{step}.py" in deps
            files = {file for module in imported(step, stage) if (file := source(module))}
            assert files
            lacking = {file for file in files if not deps & {file, *file.parents}}
            assert not {str(file.relative_to(ROOT)) for file in lacking}, stage.addressing


def test_every_code_dependency_exists_and_is_used() -> None:
    with Repo(str(ROOT)) as repo:
        for stage in repo.index.stages:
            step = step_of(stage)
            if step not in ENTRY:
                continue
            used = {file for module in imported(step, stage) if (file := source(module))}
            used.add(ROOT / "tasks" / f"{step}.py")
            code = [Path(dep.fs_path) for dep in stage.deps if dep.fs_path.endswith(".py")]
            code += [Path(dep.fs_path) for dep in stage.deps if "/mtdnet/" in dep.fs_path]
            for place in code:
                assert any(place in {file, *file.parents} for file in used), (step, place)


def test_graph_runs_from_ingest_to_report_and_trains_on_gpus() -> None:
    settings, stages = params.load(ROOT / "params.yaml"), graph.stages(ROOT)
    by_out = {out: stage for stage in stages for out in stage.outs}
    trained = [steps.model(*network).as_posix() for network in steps.trained(settings)]
    tests = [f"{steps.evaluation(*network)}/facts.json" for network in steps.trained(settings)]
    unseen = [steps.evaluation(*network).as_posix() for network in steps.evaluated(settings)]
    unseen = [folder for folder in unseen if f"{folder}/facts.json" not in tests]
    assert {out for out in by_out if out.startswith("models/")} == set(trained)
    assert {out for out in by_out if out.endswith("/facts.json")} == set(tests)
    source = {
        by_out[steps.model(*each).as_posix()].name for each in steps.trained_on_source(settings)
    }
    assert "pretrain@mtdnet-0" in source
    for network in steps.trained_on_targets(settings):
        upstream = set(by_out[steps.model(*network).as_posix()].upstream)
        assert source | {f"augment@{network[0]}-{network[1]}"} <= upstream
    assert {by_out[out].name for out in tests + unseen} <= set(by_out["results/report"].upstream)
    wants_gpu = {stage.name for stage in stages if stage.gpu}
    assert wants_gpu == {by_out[out].name for out in trained + tests + unseen}
    order = [stage.name for stage in stages]
    for stage in stages:
        assert all(order.index(other) < order.index(stage.name) for other in stage.upstream)


def test_one_benchmark_needs_its_own_stages_and_the_source() -> None:
    names = {stage.name for stage in graph.needed(graph.stages(ROOT), ["train@viper-mtdnet-0"])}
    assert names == {
        "data.dvc",
        "ingest@cuhk03",
        "ingest@viper",
        "augment-source@cuhk03-0",
        "augment@viper-0",
        "pretrain@mtdnet-0",
        "train@viper-mtdnet-0",
    }


def test_a_source_alone_is_trained_evaluated_and_reported(tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    shutil.copy(ROOT / "dvc.yaml", tmp_path)
    shutil.copy(ROOT / "configs" / "own.yaml", tmp_path / "params.yaml")
    # data that no stage reads, and that nobody has fetched: no flow's business
    unread = "outs:\n- {md5: 0123456789abcdef0123456789abcdef, size: 1, path: network}\n"
    (tmp_path / "network.dvc").write_text(unread)
    assert [stage.name for stage in graph.stages(tmp_path)] == [
        "ingest@shop",
        "augment-source@shop-0",
        "pretrain@mtdnet-0",
        "evaluate-source@shop-mtdnet-0",
        "report",
    ]
