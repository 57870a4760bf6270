"""The flows: walk a graph of stages, then register the networks."""

from pathlib import Path

from prefect import flow, get_run_logger, runtime, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import TagsContext
from prefect.states import Completed, Failed

from flows import finished, leftovers, plan, workspace
from flows.environment import ROOT, on_workers
from flows.execute import Execution
from flows.workers import Workers
from mtdnet.errors import InputError
from mtdnet.steps import Network
from tasks import dvc_lock
from tasks.register import registered


@flow(persist_result=False)
def reproduce() -> State[None]:
    """Bring every stage up to date, then register the networks."""
    return run(ROOT)


@flow(persist_result=False)
def target(benchmark: str) -> State[None]:
    """Bring up to date what a benchmark's figures build on, then register its networks."""
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
            walker = Workers(root) if on_workers() else Execution(root)
            with TagsContext(current_tags=set()):  # each task would ask for a limit on its tags
                state = walker.walk(wanted.stages)
        except InputError as problem:
            return Failed(message=str(problem))
        if state.is_completed():
            finished.sweep(root, wanted.networks)
            registration = register(root, wanted.served, return_state=True)
            if not registration.is_completed():
                return Failed(message=f"{state.message}, but {registration.message}")
        return state


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
