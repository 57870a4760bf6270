"""Walks over small graphs that DVC really runs."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import State

from flows import execute, graph, pipeline, plan
from mtdnet.errors import InputError
from mtdnet.steps import Network
from tasks import launcher
from tasks.stage import run_stage

pytestmark = pytest.mark.usefixtures("prefect_server")


def run(root: Path) -> tuple[State[State[None]], dict[str, str]]:
    """Return the state of a flow over the whole graph and the state name of each task run."""

    @flow(persist_result=False)
    def small() -> State[None]:
        return execute.walk(root, graph.stages(root))

    state = small(return_state=True)
    with get_client(sync_client=True) as client:
        run_id = state.state_details.flow_run_id
        assert run_id is not None
        only = FlowRunFilter(id=FlowRunFilterId(any_=[run_id]))
        runs = client.read_task_runs(flow_run_filter=only)
        return state, {run.name: str(run.state_name) for run in runs}


def test_runs_then_finds_all_up_to_date_then_restores_from_the_run_cache(
    project: Callable[[str], Path],
) -> None:
    root = project("""
        stages:
          one: {cmd: cp source one, deps: [source], outs: [one]}
          two: {cmd: cp one two, deps: [one], outs: [two]}
    """)
    (root / "source").write_text("first")
    assert run(root)[1] == {"one": "Ran", "two": "Ran"}
    assert (root / "two").read_text() == "first"
    state, names = run(root)
    assert (state.message, names) == ("2 UpToDate", {})
    (root / "source").write_text("second")
    assert run(root)[1] == {"one": "Ran", "two": "Ran"}
    (root / "source").write_text("first")
    assert run(root)[1] == {"one": "FromRunCache", "two": "FromRunCache"}
    assert (root / "two").read_text() == "first"


def test_failure_stops_what_builds_on_it_and_nothing_else(project: Callable[[str], Path]) -> None:
    root = project("""
        stages:
          bad: {cmd: "echo 'error: row 3 is short; mend it' >&2; exit 2", outs: [bad]}
          after: {cmd: cp bad after, deps: [bad], outs: [after]}
          last: {cmd: cp after last, deps: [after], outs: [last]}
          other: {cmd: touch other, outs: [other]}
    """)
    state, names = run(root)
    assert names == {"bad": "BadInput", "after": "NotReady", "last": "NotReady", "other": "Ran"}
    assert state.is_failed()
    assert state.message == "bad: row 3 is short; mend it (exit status 2); not run: after, last"
    assert (root / "other").exists()


def test_missing_data_is_one_line_with_the_remedy(project: Callable[[str], Path]) -> None:
    root = project("""
        stages:
          read: {cmd: cp data/viper read, deps: [data/viper], outs: [read]}
    """)
    (root / "data.dvc").write_text("outs: [{path: data, md5: 0f1c.dir, hash: md5}]\n")
    state, names = run(root)
    assert names == {"data.dvc": "BadInput", "read": "NotReady"}
    assert state.message == (
        "data.dvc: data is missing; put it there; the drawn one: `dvc pull -r demo data`; "
        "not run: read"
    )


def test_missing_benchmark_is_one_line_with_the_remedy(project: Callable[[str], Path]) -> None:
    root = project("""
        stages:
          read: {cmd: cp data/viper read, deps: [data/viper], outs: [read]}
    """)
    state, _ = run(root)
    assert state.message == (
        "read: data/viper is missing; put it there; the drawn one: "
        "`dvc get . data/viper --rev HEAD --remote demo -o data/viper`"
    )


def test_crash_is_tried_again(
    project: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_stage, "retry_delay_seconds", [0.0, 0.0])
    root = project("""
        stages:
          killed:
            cmd: echo x >> tries; test $(wc -l < tries) = 3 || kill -9 $$
            outs: [tries: {persist: true}]
    """)
    assert run(root)[1] == {"killed": "Ran"}
    assert (root / "tries").read_text() == "x\n" * 3


def test_what_another_dvc_holds_is_waited_for(project: Callable[[str], Path]) -> None:
    root = project("""
        stages:
          one:
            cmd: touch begun; while ! test -e seen; do sleep 0.1; done; echo x > one
            outs: [one]
    """)
    with subprocess.Popen([sys.executable, "-m", "dvc", "repro", "-q"], cwd=root) as other:
        while not (root / "begun").exists():
            time.sleep(0.1)
        threading.Timer(6, (root / "seen").touch).start()
        state, names = run(root)
        assert other.wait() == 0
    assert state.is_completed(), state.message
    assert names == {"one": "UpToDate"}
    assert (root / "one").read_text() == "x\n"


def test_who_has_no_other_training_beside_it_is_told_by_the_graph(
    project: Callable[[str], Path],
) -> None:
    def stage(name: str, gpu: bool, *deps: str) -> str:
        listed = ", ".join(deps)
        return (
            f"{name}: {{cmd: touch {name}, deps: [{listed}], outs: [{name}], meta: {{gpu: {gpu}}}}}"
        )

    lines = [stage("ingest", False), stage("source", True, "ingest"), stage("also", True, "source")]
    lines += [stage("target", True, "source"), stage("both", True, "also", "target")]
    lines += [stage("report", False, "source")]
    root = project("stages:\n" + "\n".join(f"  {line}" for line in lines))
    found = graph.stages(root, look=False)
    assert {stage.name for stage in found if stage.alone} == {"source", "both"}


def test_independent_stages_run_side_by_side_and_gpu_stages_one_by_one(
    project: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.slots.cores", lambda: 2)
    monkeypatch.setattr("tasks.slots.gpus", lambda: ("7",))
    root = project("""
        stages:
          left: {cmd: "touch left; until test -e right; do sleep 0.1; done", outs: [left]}
          right: {cmd: "touch right; until test -e left; do sleep 0.1; done", outs: [right]}
          train:
            foreach: [a, b, c]
            do:
              cmd: >-
                mkdir busy || exit 2; sleep 0.3; rmdir busy; echo $CUDA_VISIBLE_DEVICES > ${item}
              outs: ["${item}"]
              meta: {gpu: true}
    """)
    state, names = run(root)
    assert state.is_completed(), state.message
    assert set(names.values()) == {"Ran"}
    assert {(root / name).read_text() for name in "abc"} == {"7\n"}


def test_of_several_trainings_each_begins_with_all_loaded(
    project: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "MODULES", ("colorsys",))
    root = project("""
        stages:
          ready:
            cmd: until test -S .locks/launcher; do sleep 0.1; done; touch ready
            outs: [ready]
          train:
            foreach: [a, b]
            do:
              cmd: python -m tasks.train ${item}
              deps: [ready]
              outs: ["${item}"]
              meta: {gpu: true}
    """)
    (root / "tasks").mkdir()
    train = "import sys; open(sys.argv[1], 'w').write(str('colorsys' in sys.modules))"
    (root / "tasks" / "train.py").write_text(train)
    state, names = run(root)
    assert names == {"ready": "Ran", "train@a": "Ran", "train@b": "Ran"}, state.message
    assert [(root / name).read_text() for name in "ab"] == ["True", "True"]


def test_a_registration_that_fails_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(root: Path, networks: list[Network]) -> Iterator[str]:
        raise InputError("not registered: database is locked")
        yield

    monkeypatch.setattr(pipeline, "registered", broken)
    monkeypatch.setattr(pipeline.register, "retry_delay_seconds", 0)
    monkeypatch.setattr(plan, "make", lambda root, benchmark: plan.Plan([], []))

    @flow(persist_result=False)
    def small() -> State[None]:
        return pipeline.run(tmp_path)

    state = small(return_state=True)
    assert state.is_failed()
    assert state.message is not None
    assert state.message.endswith("but not registered: database is locked")


def test_parameters_of_the_graph_that_are_missing_are_one_line(
    project: Callable[[str], Path],
) -> None:
    root = project("stages: {a: {cmd: 'echo ${nothing.here}'}}")
    with pytest.raises(ValueError, match=r"nothing\.here") as caught:
        graph.stages(root)
    assert "\n" not in str(caught.value)
