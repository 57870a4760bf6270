"""Stage ``pretrain``: the network of the source benchmark, recorded in MLflow."""

import sys
from dataclasses import asdict

from mtdnet import steps
from mtdnet.params import Params
from tasks import command, runs


def pretrain(params: Params) -> None:
    """Train the source network as one MLflow run."""
    section = params.pretrain
    settings = asdict(section) | {"seed": params.seed}
    with runs.training(section.source, section.variant, settings) as observe:
        steps.pretrain(params, observe)


if __name__ == "__main__":
    sys.exit(command.main(pretrain))
