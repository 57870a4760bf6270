"""What both flows do: walk a graph of stages, then register the networks."""

from collections.abc import Sequence
from pathlib import Path

from prefect.client.schemas.objects import State
from prefect.states import Failed

from flows.graph import Stage, needed, stages
from flows.walk import walk
from mtdnet import params, steps
from mtdnet.errors import InputError
from mtdnet.params import Params
from tasks.register import register, served


def run(root: Path, benchmark: str | None = None) -> State[None]:
    """Bring all stages up to date, or those that one benchmark's figures build on.

    Returns Completed, or Failed with one line that tells why.
    """
    try:
        settings = params.load(root / "params.yaml")
        graph, networks = stages(root), served(settings)
        if benchmark is not None:
            graph = needed(graph, _of(benchmark, settings, graph))
            networks = [network for network in networks if network[0] == benchmark]
    except InputError as problem:
        return Failed(message=str(problem))
    state = walk(root, graph)
    if state.is_completed():
        register(root, networks)
    return state


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
