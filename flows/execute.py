"""Run stages in the order of their graph, side by side where it and the machine allow."""

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture, wait
from prefect.states import Completed, Failed

from flows import live
from flows.graph import Stage
from tasks import launcher
from tasks.process_group import Groups
from tasks.stage import Way, environment, run_stage
from tasks.tally import Tally


def walk(root: Path, stages: Sequence[Stage], way: Way = "here") -> State[None]:
    """Submit every stage that isn't up to date, to wait for its upstream ones; in a flow.

    A failure doesn't hold up the stages that don't build on it. Returns, when nothing is left to
    run, Completed, or Failed with one line: what failed and why, and what wasn't run because of it.
    When the flow is stopped, so are its stages.
    """
    futures: dict[str, PrefectFuture[State[None]]] = {}
    stale = [stage for stage in stages if not stage.fresh]
    groups, tally = Groups(), Tally([stage.name for stage in stale])
    with _launched(root, stale, way) as env:
        try:
            for stage in stale:
                upstream = [futures[name] for name in stage.upstream if name in futures]
                futures[stage.name] = run_stage.submit(
                    root,
                    stage.name,
                    groups,
                    tally,
                    gpu=stage.gpu,
                    alone=stage.alone,
                    way=way,
                    env=env,
                    wait_for=upstream,
                    return_state=False,
                )
            with live.table(tally):
                wait(list(futures.values()))
        except BaseException:
            groups.stop()
            raise
    states = {name: future.state for name, future in futures.items()}
    return closing(states, fresh=sum(stage.fresh for stage in stages))


def _launched(
    root: Path, stale: Sequence[Stage], way: Way
) -> AbstractContextManager[dict[str, str] | None]:
    """Run a launcher where that pays: it takes as long to load as it spares one training."""
    if way == "here" and sum(stage.gpu for stage in stale) > 1 and launcher.usable():
        return launcher.started(root, environment())
    return nullcontext()


def closing(states: dict[str, State[Any]], fresh: int) -> State[None]:
    """Return the state of a flow from those of its stages; ``fresh`` more were up to date."""
    failed = [
        f"{state.message}" for state in states.values() if state.is_failed() or state.is_crashed()
    ]
    skipped = [name for name, state in states.items() if state.is_pending()]
    if failed and skipped:
        failed.append(f"not run: {', '.join(skipped)}")
    if failed:
        return Failed(message="; ".join(failed))
    counts = Counter(state.name for state in states.values())
    counts["UpToDate"] += fresh
    return Completed(message=", ".join(f"{n} {name}" for name, n in sorted(counts.items()) if n))
