"""Stage ``pretrain``: a network of the source benchmark, recorded in MLflow."""

import sys
from pathlib import Path

from mtdnet import steps
from mtdnet.params import Params, Training
from tasks import command, runs


def pretrain(params: Params, variant: str, split: int) -> None:
    """Train a variant on the source as one MLflow run."""
    section = params.pretrain
    steps.check("pretrain", section.source, split, variant, steps.trained_on_source(params))
    drawn = {"width", "weights", "hidden_bias", "joint_start"}
    settings = section.model_dump(include={*Training.model_fields, *drawn})
    network = section.source, split, variant
    origin = Path(section.weights) if section.weights else None
    with runs.training(network, settings | {"seed": params.seed}, origin) as observe:
        steps.pretrain(params, variant, split, observe)


if __name__ == "__main__":
    sys.exit(command.main(pretrain, "variant", "split"))
