"""Stages as runs of a deployment: in order, again when a worker dies, one line when they fail."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import State, StateType
from prefect.exceptions import ObjectAlreadyExists
from prefect.states import Cancelled, Completed, Crashed, Failed, Running

from flows import clone, execute, graph, stage, workers
from flows.workers import Workers
from mtdnet import steps
from mtdnet.errors import InputError
from tasks import checkpoints
from tasks.stage import COMMANDS
from tests.pipeline.project import PARAMS

pytestmark = pytest.mark.usefixtures("prefect_server")

STAGES = """
stages:
  one: {cmd: echo 1 > one, deps: [source], outs: [one]}
  two: {cmd: cp one two, deps: [one], outs: [two]}
"""
WELL: State[None] = Completed(message="1 Ran")


@pytest.fixture
def root(project: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project whose stages a pool `cpu` runs; what a worker makes, the gathering does."""
    root = project(STAGES)
    (root / "source").touch()
    monkeypatch.setattr(workers, "POLL_SECONDS", 0.1)
    monkeypatch.setattr(Workers, "_prepare", lambda self, stale: None)
    monkeypatch.setitem(COMMANDS, "gather", COMMANDS["here"])
    monkeypatch.setattr("tasks.stage.NO_SHELL", {})
    with get_client(sync_client=True) as client:
        try:
            client.create_work_pool(WorkPoolCreate(name="cpu", type="process"))
        except ObjectAlreadyExists:
            return root
        client.create_deployment(client.create_flow(stage.run), name="cpu", work_pool_name="cpu")
    return root


@contextmanager
def worker(
    ends: dict[str, Sequence[State[None]]], after: Sequence[str] = ("at once",)
) -> Iterator[list[str]]:
    """Give the runs of each stage these states, one after the other; yield the names of all.

    It begins when there is something in ``after``.
    """
    seen: list[str] = []
    rest = {name: iter(states) for name, states in ends.items()}
    over = threading.Event()

    def work() -> None:
        with get_client(sync_client=True) as client:
            while not over.wait(0.1):
                for run in client.read_flow_runs() if after else ():
                    if run.name in rest and run.state_type == StateType.SCHEDULED:
                        seen.append(run.name)
                        client.set_flow_run_state(run.id, Running(), force=True)
                        client.set_flow_run_state(run.id, next(rest[run.name]), force=True)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def walk(root: Path) -> State[State[None]]:
    @flow(persist_result=False)
    def small() -> State[None]:
        return Workers(root).walk(graph.stages(root))

    return small(return_state=True)


def test_each_stage_is_submitted_after_what_it_builds_on_and_gathered(root: Path) -> None:
    with worker({"one": [WELL], "two": [WELL]}) as seen:
        state = walk(root)
    assert state.is_completed(), state.message
    assert seen == ["one", "two"]
    assert (root / "two").read_text() == "1\n"
    assert walk(root).message == "2 UpToDate"  # and nobody had to be there


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ([Failed(message="one: row 3 is short (on h:/w)")], "one: row 3 is short (on h:/w)"),
        ([Cancelled()], "one: was cancelled"),
        ([Crashed(message="one: killed")] * 5, "one: died on 5 workers"),
    ],
)
def test_what_fails_there_is_one_line_and_holds_up_what_builds_on_it(
    ends: list[State[None]], said: str, root: Path
) -> None:
    with worker({"one": ends}) as seen:
        state = walk(root)
    assert state.is_failed()
    assert state.message == f"{said}; not run: two"
    assert len(seen) == len(ends)
    assert not (root / "one").exists()


def test_a_second_coordinator_joins_what_is_under_way(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined: list[str] = []

    def online(self: Workers, client: object, pool: str) -> set[str]:
        joined.append(pool)
        return set()

    monkeypatch.setattr(Workers, "_online", online)
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("stage/cpu")
        first = client.create_flow_run_from_deployment(
            deployment.id, name="one", tags=["commit:", "stage:one"]
        )
        with worker({"one": [WELL], "two": [WELL]}, after=joined) as seen:
            state = walk(root)
        assert state.is_completed(), state.message
        assert seen == ["one", "two"]
        assert client.read_flow_run(first.id).state_type == StateType.COMPLETED


def test_data_that_are_not_committed_are_one_line(
    project: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project("stages: {read: {cmd: ls data, deps: [data]}}")
    (root / "data.dvc").write_text("outs: [{path: data, md5: 0f1c.dir, hash: md5}]\n")
    with pytest.raises(InputError, match=r"data\.dvc: not what lies here; `dvc pull`, or"):
        Workers(root)._prepare({each.name: each for each in graph.stages(root)})


def test_a_remote_that_takes_nothing_is_one_line(
    project: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("commit", "remote"):
        monkeypatch.setattr(clone, name, lambda root: "")
    monkeypatch.setattr(clone, "tracking", lambda: None)
    with pytest.raises(
        InputError, match="DVC's remote: failed to push data to the cloud"
    ) as caught:
        Workers(project("stages: {}"))._prepare({})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("network", [("viper", 0, "cross"), ("joint", 0, "joint")])
def test_a_worker_goes_on_with_what_was_shared_of_every_training(
    network: steps.Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "params.yaml").write_text(PARAMS)
    own = graph.Stage("one", (), (steps.model(*network).as_posix(),), gpu=True)
    called: list[steps.Network] = []

    def restore(root: Path, each: steps.Network) -> list[str]:
        called.append(each)
        return []

    monkeypatch.setattr(graph, "stages", lambda root, look: [own])
    monkeypatch.setattr(clone, "tracking", lambda: None)
    monkeypatch.setattr(execute, "walk", lambda root, stages, way: WELL)
    monkeypatch.setattr(checkpoints, "restore", restore)
    monkeypatch.setattr(checkpoints, "sweep", lambda root, networks: called.extend(networks))
    monkeypatch.setenv(checkpoints.SETTING, "5")
    assert stage._bring(tmp_path, "one") is WELL
    assert called == [network, network]
