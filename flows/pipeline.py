"""What both flows do: walk a graph of stages, then register the networks."""

from pathlib import Path

from prefect.client.schemas.objects import State
from prefect.states import Failed

from flows.graph import needed, stages
from flows.walk import walk
from mtdnet import params
from mtdnet.errors import InputError
from mtdnet.params import Params
from tasks.register import register, trained


def run(root: Path, benchmark: str | None = None) -> State[None]:
    """Bring all stages up to date, or those that one benchmark's figures build on.

    Returns Completed, or Failed with one line that tells why.
    """
    try:
        settings = params.load(root / "params.yaml")
        graph, networks = stages(root), trained(settings)
        if benchmark is not None:
            graph = needed(graph, _named(settings, benchmark))
            networks = [network for network in networks if network[0] == benchmark]
    except InputError as problem:
        return Failed(message=str(problem))
    state = walk(root, graph)
    if state.is_completed():
        register(root, networks)
    return state


def _named(settings: Params, benchmark: str) -> list[str]:
    """Return the names of a benchmark's last stages; InputError when it has none."""
    train, evaluate = settings.train, settings.evaluate
    if benchmark not in evaluate.targets:
        known = ", ".join(evaluate.targets)
        raise InputError(f"evaluate.targets: no benchmark '{benchmark}'; known: {known}")
    names = [f"evaluate@{benchmark}-{variant}" for variant in evaluate.variants]
    if benchmark in train.targets:
        names += [f"train@{benchmark}-{variant}" for variant in train.variants]
    return names
