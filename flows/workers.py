"""Stages on workers: each a run of the deployment ``stage`` of its pool, gathered by DVC."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import get_run_logger, runtime
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
    WorkerFilter,
    WorkerFilterStatus,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.futures import PrefectFuture, wait
from prefect.states import Cancelled, Cancelling, Crashed, Failed, Pending

from flows import clone
from flows.execute import closing
from flows.graph import Stage
from mtdnet.errors import InputError, Stopped
from tasks import dvc_command
from tasks.process_group import Groups
from tasks.stage import run_stage
from tasks.tally import Tally

POLL_SECONDS = 2.0
GONE_SECONDS = 20.0  # that Prefect counts a worker as offline; less may be a slow server
TRIES = 5  # of a stage whose workers die
PAGE = 100  # flow runs in one question; the server gives 200 at most
BEGUN = [StateType.PENDING, StateType.RUNNING]


class Workers:
    """The stages of one flow, on workers; their results are gathered in ``root``."""

    def __init__(self, root: Path) -> None:
        self._root, self._commit = root, ""
        self._runs: dict[UUID, Stage] = {}
        self._gathering: dict[str, PrefectFuture[State[None]]] = {}
        self._groups = Groups()
        self._tries: Counter[str] = Counter()
        self._offline: dict[str, float] = {}  # since when, by our clock
        self._idle: set[str] = set()  # pools of which it was said that nobody serves them

    def walk(self, stages: Sequence[Stage]) -> State[None]:
        """Submit every stage that isn't up to date when its upstream ones are done; in a flow.

        Returns as ``execute.walk``, or Cancelled when the flow was cancelled; then, and when it
        is stopped, so are its stages. Raises InputError when the project, its data, DVC's remote or
        MLflow's server isn't ready.
        """
        stale = {stage.name: stage for stage in stages if not stage.fresh}
        states: dict[str, State[Any]] = {}
        try:
            if stale:
                self._prepare(stale)
                with get_client(sync_client=True) as client:
                    states = self._run(client, stale)
                wait(list(self._gathering.values()))
        except BaseException as problem:
            self._stop()
            if isinstance(problem, Stopped):
                return Cancelled(message=str(problem))
            raise
        states |= {name: future.state for name, future in self._gathering.items()}
        states = {name: states.get(name, Pending()) for name in stale}
        return closing(states, fresh=len(stages) - len(stale))

    def _prepare(self, stale: Mapping[str, Stage]) -> None:
        """Push what workers begin with: commit, data and results so far."""
        if data := [name for name in stale if name.endswith(".dvc")]:
            raise InputError(f"{data[0]}: not what lies here; `dvc pull`, or `dvc add` and commit")
        self._commit = clone.commit(self._root)
        clone.remote(self._root)
        clone.tracking()
        dvc_command.call(self._root, "DVC's remote", "--wait-for-lock", "push", "--run-cache")

    def _run(self, client: SyncPrefectClient, stale: Mapping[str, Stage]) -> dict[str, State[Any]]:
        """Run stages until none is left that can; return the states of those that failed."""
        after = {name: [n for n in stage.upstream if n in stale] for name, stage in stale.items()}
        order = TopologicalSorter(after)
        order.prepare()
        tally = Tally(list(stale))
        failed: dict[str, State[Any]] = {}
        while True:
            for name in order.get_ready():
                self._submit(client, stale[name])
            if not self._runs:
                return failed
            time.sleep(POLL_SECONDS)
            for run in self._ended(client):
                stage = self._runs.pop(run.id)
                if run.state is None or not run.state.is_completed():
                    failed[stage.name] = _failure(stage, run)
                    continue
                self._gather(stage)
                tally.ended(stage.name, run.total_run_time.total_seconds())
                get_run_logger().info(tally.line())
                order.done(stage.name)

    def _submit(self, client: SyncPrefectClient, stage: Stage) -> None:
        """Let a stage's pool run it, or join the run that another coordinator has begun."""
        tags = [f"commit:{self._commit}", f"stage:{stage.name}"]
        types = FlowRunFilterStateType(any_=[StateType.SCHEDULED, *BEGUN])
        same = FlowRunFilter(
            tags=FlowRunFilterTags(all_=tags), state=FlowRunFilterState(type=types)
        )
        if begun := client.read_flow_runs(flow_run_filter=same, limit=1):
            get_run_logger().info(f"{stage.name}: under way already; waits for that run")
            self._runs[begun[0].id] = stage
            return
        try:
            run: Any = run_deployment(  # typed for async callers too
                f"stage/{_pool(stage)}",
                parameters={"commit": self._commit, "stage": stage.name},
                flow_run_name=stage.name,
                tags=tags,
                timeout=0,
            )
        except ObjectNotFound:
            raise InputError(
                f"no deployment stage/{_pool(stage)} on this server; make deploy"
            ) from None
        self._runs[run.id] = stage

    def _ended(self, client: SyncPrefectClient) -> Iterator[FlowRun]:
        """Yield the runs that have ended for good; submit again what died with its worker.

        Raises Stopped when the flow itself was cancelled.
        """
        own = client.read_flow_run(UUID(str(runtime.flow_run.id)))
        if own.state is not None and (own.state.is_cancelling() or own.state.is_cancelled()):
            raise Stopped("cancelled; the stages on workers too")
        online = {pool: self._online(client, pool) for pool in set(map(_pool, self._runs.values()))}
        ids = list(self._runs)
        for first in range(0, len(ids), PAGE):
            chosen = FlowRunFilter(id=FlowRunFilterId(any_=ids[first : first + PAGE]))
            for run in client.read_flow_runs(flow_run_filter=chosen):
                stage, worker = self._runs[run.id], run.labels.get("prefect.worker.name")
                if run.state_type in BEGUN and self._gone(worker, online[_pool(stage)]):
                    dead: State[None] = Crashed(
                        message=f"{stage.name}: its worker {worker} is gone"
                    )
                    client.set_flow_run_state(run.id, dead, force=True)
                    run.state = dead
                if run.state is None or not run.state.is_final():
                    continue
                self._tries[stage.name] += run.state.is_crashed()
                if run.state.is_crashed() and self._tries[stage.name] < TRIES:
                    get_run_logger().warning(f"{run.state.message}; submitted again")
                    del self._runs[run.id]
                    self._submit(client, stage)
                else:
                    yield run

    def _gone(self, worker: Any, online: set[str]) -> bool:
        """Tell whether a run's worker, where it's known, has been offline for long."""
        if worker is None or worker in online:
            self._offline.pop(worker, None)
            return False
        return time.monotonic() - self._offline.setdefault(worker, time.monotonic()) > GONE_SECONDS

    def _online(self, client: SyncPrefectClient, pool: str) -> set[str]:
        """Return the workers of a pool that the server hears of; say so when there is none."""
        only = WorkerFilter(status=WorkerFilterStatus(any_=["ONLINE"]))
        found = client.read_workers_for_work_pool(pool, worker_filter=only)
        if found:
            self._idle.discard(pool)
        elif pool not in self._idle:
            self._idle.add(pool)
            get_run_logger().warning(
                f"pool {pool} has no worker; `make worker POOL={pool}` joins it"
            )
        return {each.name for each in found}

    def _gather(self, stage: Stage) -> None:
        """Take a stage's results from the remote, after those that it builds on."""
        upstream = [self._gathering[name] for name in stage.upstream if name in self._gathering]
        self._gathering[stage.name] = run_stage.submit(
            self._root,
            stage.name,
            self._groups,
            way="gather",
            wait_for=upstream,
            return_state=False,
        )

    def _stop(self) -> None:
        """Cancel the stages on workers, and stop those that are gathered."""
        with suppress(Exception), get_client(sync_client=True) as client:
            for each in self._runs:
                with suppress(Exception):  # the others are to stop as well
                    begun = client.read_flow_run(each).state_type in BEGUN
                    client.set_flow_run_state(each, Cancelling() if begun else Cancelled())
        self._groups.stop()


def _pool(stage: Stage) -> str:
    return "gpu" if stage.gpu else "cpu"


def _failure(stage: Stage, run: FlowRun) -> State[None]:
    """Return the state of a stage whose run ended otherwise than well, its message one line."""
    if run.state is not None and run.state.is_failed():
        return Failed(name=run.state.name, message=run.state.message)
    why = "was cancelled" if run.state is None or run.state.is_cancelled() else "died"
    more = f" on {TRIES} workers" if why == "died" else ""
    return Failed(message=f"{stage.name}: {why}{more}")
