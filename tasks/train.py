"""Stage ``train``: one variant of the network on one target, recorded in MLflow."""

import sys
from dataclasses import asdict

from mtdnet import steps
from mtdnet.params import Params
from tasks import command, runs


def train(params: Params, target: str, variant: str) -> None:
    """Train a variant on a target, from the source network, as one MLflow run."""
    section, source = params.train, params.pretrain
    start = steps.model(source.source, source.variant)
    settings = asdict(section.on(target)) | {"start": start.name, "seed": params.seed}
    steps.check("train", section, target, variant)  # before there is a run of it
    with runs.training(target, variant, settings, start) as observe:
        steps.train(params, target, variant, observe)


if __name__ == "__main__":
    sys.exit(command.main(train, "target", "variant"))
