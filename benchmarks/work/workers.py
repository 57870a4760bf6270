"""Stages on workers: what the orchestration costs each, beside what it computes.

The workers are clones on this machine; stages that sleep stand in for GPUs.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from time import perf_counter, time_ns

import psutil
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId, FlowRunFilterName
from prefect.client.schemas.sorting import FlowRunSort
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from benchmarks.rows import NotMeasured, Place, Ratio
from benchmarks.team import REPRODUCE, WORD, Team, git, project
from tasks.slots import cores

SLEEPS = 20.0  # seconds
EACH = 3  # stages a worker
HERE, THERE = 10.0, 20.0  # seconds of clock that a stage may cost: in one folder, on workers


def measure(
    place: Place, sleeps: float = SLEEPS, each: int = EACH, workers: Sequence[int] = (1, 2, 4)
) -> Iterator[Ratio]:
    """Run a flow in one folder, then on more and more workers, each in its clone."""
    project(place.scratch / "home", stages(0, 1, sleeps))
    names = [f"worker{n}" for n in range(max(workers))]
    team = Team(place.scratch, names)
    url = {PREFECT_API_URL: f"{team.prefect}/api", PREFECT_API_AUTH_STRING: WORD}
    with ExitStack() as stack:
        stack.enter_context(team.served())
        stack.enter_context(temporary_settings(url))
        lanes = min(2, cores())  # as many trainings run side by side where there is no GPU
        yield row("in one folder", HERE, flow(team, "here", lanes, each * lanes, sleeps))
        for count in workers:
            while len(names) > max(workers) - count:
                stack.enter_context(team.worker(names.pop(), "gpu"))
            what = f"on {count} worker{'s' if count > 1 else ''}"
            yield row(what, THERE, flow(team, "workers", count, each * count, sleeps))


def stages(number: int, count: int, sleeps: float) -> str:
    """Return a ``dvc.yaml`` of stages that no flow but the one with this number has run.

    They read a file: DVC's run cache takes no stage that reads nothing.
    """
    lines = (
        f"  sleep{n}: {{cmd: sleep {sleeps:g}; mkdir -p results; echo {number} > results/{n}, "
        f"deps: [Makefile], outs: [results/{n}], meta: {{gpu: true}}}}"
        for n in range(count)
    )
    return "\n".join(["stages:", *lines, ""])


def flow(team: Team, way: str, lanes: int, count: int, sleeps: float) -> dict[str, float]:
    """Run stages in a flow, ``lanes`` side by side; return seconds a stage, and what else is told.

    Of a lane's time from the submission of the first stage to the end of the last one.
    """
    (team.home / "dvc.yaml").write_text(stages(time_ns(), count, sleeps))
    git(team.home, "commit", "-qam", "Sleep")
    git(team.home, "push", "-q", "origin", "HEAD")
    env = team.env("home") | {"MTDNET_STAGES": way}
    before, start = spent(), perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", REPRODUCE], cwd=team.home, env=env, capture_output=True, check=False
    )
    took, cores_took = perf_counter() - start, spent() - before
    if done.returncode != 0:
        raise NotMeasured(f"a flow failed: {done.stderr[-300:]!r}")
    span = _span()
    return {
        "seconds": lanes * span / count - sleeps,
        "seconds of a core": cores_took / count,
        "stages a minute": 60 * count / span,
        "of": 60 * lanes / sleeps,
        "the flow's own seconds": took - span,
    }


def _span() -> float:
    """Return the seconds that the newest flow's stages took, with their gathering."""
    named = FlowRunFilter(name=FlowRunFilterName(like_="reproduce "))
    newest = FlowRunSort.EXPECTED_START_TIME_DESC
    with get_client(sync_client=True) as client:
        (run,) = client.read_flow_runs(flow_run_filter=named, sort=newest, limit=1)
        own = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
        tasks = [each for each in client.read_task_runs(flow_run_filter=own) if each.end_time]
    tasks = [each for each in tasks if each.name != "register"]
    begun = min(each.expected_start_time for each in tasks if each.expected_start_time)
    return (max(each.end_time for each in tasks if each.end_time) - begun).total_seconds()


def row(where: str, aim: float, figures: dict[str, float]) -> Ratio:
    """Return a row of a stage's cost against its aim."""
    return Ratio(
        work=f"a stage {where}, beside what it computes (it sleeps)",
        against=f"{aim:g} s",
        unit="stages",
        own=1 / figures["seconds"],
        other=1 / aim,
        reach=1,
        notes={name: round(value, 1) for name, value in figures.items()},
    )


def spent() -> float:
    """Return the seconds of a core that this process's children have taken, living and dead."""
    total = sum(os.times()[2:4])
    for each in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            total += sum(each.cpu_times()[:4])
    return total
