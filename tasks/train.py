"""Stage ``train``: one variant of the network on one target, recorded in MLflow."""

import sys

from mtdnet import steps
from mtdnet.params import Params
from tasks import command, runs


def train(params: Params, target: str, variant: str, split: int) -> None:
    """Train a variant on a target, from its source network, as one MLflow run."""
    steps.check("train", target, split, variant, steps.trained_on_targets(params))
    start = steps.start(params, variant)
    name, origin = start.relative_to(steps.MODELS).as_posix(), start / "network.safetensors"
    settings = params.train.on(target).model_dump() | {"start": name, "seed": params.seed}
    with runs.training((target, split, variant), settings, origin) as observe:
        steps.train(params, target, variant, split, observe)


if __name__ == "__main__":
    sys.exit(command.main(train, "target", "variant", "split"))
