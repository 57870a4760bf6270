"""Which networks the parameters name: trained where, from which start, tested on what."""

from itertools import product
from pathlib import Path

from mtdnet.errors import InputError
from mtdnet.params import JOINT, Params
from mtdnet.steps.folders import Network, model

SOURCE = "-source"  # of a variant as the source left it


def pretrained(params: Params, variant: str, split: int) -> Network:
    """Return the network that ``pretrain`` makes of a variant and a split."""
    return (JOINT if variant == JOINT else params.pretrain.source), split, variant


def start(params: Params, variant: str, split: int) -> Path:
    """Return the model folder that a variant starts from on a split of a target.

    A joint network has seen the training persons of its own split of each target: it is the start
    of that split alone.
    """
    from mtdnet.variants import load

    name = load(variant).start
    if name == JOINT:
        return model(JOINT, split, name)
    if name not in params.pretrain.variants:
        raise InputError(f"pretrain.variants: '{variant}' starts from '{name}'; add that")
    return model(params.pretrain.source, 0, name)


def trained_on_source(params: Params) -> list[Network]:
    """Return every network that ``pretrain`` trains."""
    section = params.pretrain
    return [(section.source, s, v) for s, v in product(section.splits, section.variants)]


def trained_on_targets(params: Params) -> list[Network]:
    """Return every network that ``train`` trains."""
    section = params.train
    listed = [(t, s, v) for s, (t, v) in product(section.splits, section.networks())]
    joint = product(section.joint.targets, section.joint.splits, [JOINT])
    return [*listed, *joint]


def trained_jointly(params: Params) -> list[Network]:
    """Return the networks of all benchmarks that MTDnet-joint starts from; none is evaluated."""
    return [(JOINT, split, JOINT) for split in params.train.joint.splits]


def trained(params: Params) -> list[Network]:
    """Return every network of the pipeline that is evaluated."""
    return trained_on_source(params) + trained_on_targets(params)


def evaluated(params: Params) -> list[Network]:
    """Return every evaluation: of all networks, and of the source's on targets, VARIANT-source."""
    section = params.train
    untrained = product(section.targets, section.splits, params.evaluate.source_only)
    return trained(params) + [(t, s, f"{v}{SOURCE}") for t, s, v in untrained]


def origin(params: Params, network: Network) -> Network:
    """Return the network of an evaluation."""
    own = network[2].removesuffix(SOURCE)
    return network if own == network[2] else (params.pretrain.source, 0, own)


def check(step: str, benchmark: str, split: int, variant: str, known: list[Network]) -> None:
    """Raise InputError for a network that ``step`` doesn't make, naming the nearest list."""
    if (benchmark, split, variant) in known:
        return
    own = [network for network in known if network[0] == benchmark]
    if not own:
        names = ", ".join(dict.fromkeys(network[0] for network in known))
        raise InputError(f"{step}: no benchmark '{benchmark}'; known: {names}")
    if not any(network[2] == variant for network in own):
        names = ", ".join(dict.fromkeys(network[2] for network in own))
        raise InputError(f"{step}: no variant '{variant}' on {benchmark}; known: {names}")
    numbers = ", ".join(str(n) for n in sorted({network[1] for network in own}))
    raise InputError(f"{step}: no split {split} of {benchmark}; known: {numbers}")
