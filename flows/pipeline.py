"""The flows: walk a graph of stages, then register the networks."""

from functools import partial
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import TagsContext
from prefect.states import Completed, Failed
from pydantic import Field

from flows import execute, labels, leftovers, page, plan, quiet, workspace
from flows.environment import ROOT, on_workers
from flows.workers import Workers
from mtdnet.errors import InputError
from mtdnet.steps import Network
from tasks import checkpoints, dvc_lock, store
from tasks.register import registered, unregistered

quiet.failures()


def _choice() -> dict[str, Any]:
    """Return what makes a form offer the benchmarks of ``params.yaml``; broken, it offers none."""
    try:
        return {"enum": plan.benchmarks(ROOT)}
    except InputError:
        return {}


BENCHMARK: Any = Field(
    description="A benchmark on which networks are trained, by `params.yaml` at `make deploy`.",
    json_schema_extra=_choice(),
)


@flow(flow_run_name=labels.name, persist_result=False)
def reproduce() -> State[None]:
    """Bring the whole pipeline up to date: run each stage whose data, code or parameters changed.

    Then networks that are new are registered, and become champion where they are better.
    """
    return run(ROOT)


@flow(flow_run_name=labels.name, persist_result=False)
def target(benchmark: str = BENCHMARK) -> State[None]:
    """Bring up to date what one benchmark's figures build on, and nothing else.

    That is its images, its split, the networks that it starts from, its own, and their tests; the
    report too where all other figures are up to date. Then its networks are registered.
    """
    return run(ROOT, benchmark)


def run(root: Path, benchmark: str | None = None) -> State[None]:
    """Bring all stages up to date, or those that one benchmark's figures build on; in a flow.

    It waits for another flow on the same folder, and clears away what killed ones left. Returns
    Completed, or Failed with one line that tells why.
    """
    say = get_run_logger().info
    with workspace.held(root, say):
        for line in leftovers.settle(root, str(runtime.flow_run.id)):
            say(line)
        try:
            for line in dvc_lock.heal(root):
                say(line)
            wanted = plan.make(root, benchmark)
            labels.add(labels.begun(root, wanted.benchmarks))
            news = bool(wanted.stale or unregistered(root, wanted.served))
            walk = Workers(root).walk if on_workers() else partial(execute.walk, root)
            with TagsContext(current_tags=set()):  # each task would ask for a limit on its tags
                state = walk(wanted.stages)
        except InputError as problem:
            return Failed(message=str(problem))
        if state.is_completed():
            checkpoints.sweep(root, wanted.networks + wanted.joint)
            registration = register(root, wanted.served, return_state=True)
            if news:
                _show(root, wanted, benchmark)
            if not registration.is_completed():
                return Failed(message=f"{state.message}, but {registration.message}")
        return state


def _show(root: Path, wanted: plan.Plan, benchmark: str | None) -> None:
    """Let the page tell of the results; its failure fails nothing."""
    try:
        labels.add(labels.made(root, wanted.benchmarks))
        page.show(root, wanted, benchmark)
    except Exception as problem:  # of Prefect, MLflow or the network
        get_run_logger().warning(f"the page lacks the results: {store.reason(problem)}")


@task(
    task_run_name="register",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=1,
    retry_delay_seconds=5,
)
def register(root: Path, networks: list[Network]) -> State[None]:
    """Register networks, and log what was done with each; Failed with one line, or Completed."""
    try:
        for line in registered(root, networks):
            get_run_logger().info(line)
    except InputError as problem:
        return Failed(message=str(problem))
    return Completed()
