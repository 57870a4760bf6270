"""Stage ``train``: one variant of the network on one target, recorded in MLflow."""

import sys

from mtdnet import steps
from mtdnet.params import Params
from tasks import command
from tasks.mlflow_tracker import MlflowTracker


def train(params: Params, target: str, variant: str, split: int) -> None:
    """Train a variant on a target, from its source network, as one MLflow run."""
    steps.train(params, target, variant, split, MlflowTracker((target, split, variant)))


if __name__ == "__main__":
    sys.exit(command.main(train, "target", "variant", "split"))
