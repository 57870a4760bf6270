"""What both flows do: walk a graph of stages, then register the networks."""

from collections.abc import Sequence
from pathlib import Path

from prefect.client.schemas.objects import State
from prefect.states import Failed

from flows.execute import walk
from flows.graph import Stage, needed, stages
from mtdnet import params, steps
from mtdnet.errors import InputError
from mtdnet.params import Params
from mtdnet.steps import Network
from tasks.register import register, registered, served


def run(root: Path, benchmark: str | None = None) -> State[None]:
    """Bring all stages up to date, or those that one benchmark's figures build on.

    Returns Completed, or Failed with one line that tells why.
    """
    try:
        graph, networks = _asked(root, benchmark)
    except InputError as problem:
        return Failed(message=str(problem))
    state = walk(root, graph)
    if state.is_completed():
        register(root, networks)
    return state


def idle(root: Path, benchmark: str | None = None) -> str | None:
    """Return what ``run`` would say if no stage has to run, without Prefect; else None.

    Its server alone takes longer to start. Networks are registered as ``run`` does.
    """
    try:
        graph, networks = _asked(root, benchmark)
        if not all(stage.fresh for stage in graph):
            return None
        for _ in registered(root, networks):
            pass
    except Exception:
        return None  # whatever it is, the flow meets it too, and keeps what it says
    return f"{len(graph)} UpToDate"


def _asked(root: Path, benchmark: str | None) -> tuple[list[Stage], list[Network]]:
    """Return the stages that have to be up to date, and the networks to register then."""
    settings = params.load(root / "params.yaml")
    graph, networks = stages(root), served(settings)
    if benchmark is not None:
        graph = needed(graph, _of(benchmark, settings, graph))
        networks = [network for network in networks if network[0] == benchmark]
    return graph, networks


def _of(benchmark: str, settings: Params, graph: Sequence[Stage]) -> list[str]:
    """Return the names of the stages that make a benchmark's networks and their figures.

    InputError when there are none.
    """
    networks = [network for network in steps.trained(settings) if network[0] == benchmark]
    if not networks:
        known = ", ".join(dict.fromkeys(network[0] for network in steps.trained(settings)))
        raise InputError(f"train.targets: no benchmark '{benchmark}'; known: {known}")
    folders = [place(*network) for network in networks for place in (steps.model, steps.evaluation)]
    return [
        stage.name
        for stage in graph
        if any(Path(out).is_relative_to(folder) for out in stage.outs for folder in folders)
    ]
