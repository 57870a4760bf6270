"""Stage ``pretrain``: a network of the source benchmark, recorded in MLflow."""

import sys

from mtdnet import steps
from mtdnet.params import Params
from tasks import command
from tasks.mlflow_tracker import MlflowTracker


def pretrain(params: Params, variant: str, split: int) -> None:
    """Train a variant on the source, or on all benchmarks, as one MLflow run."""
    network = steps.pretrained(params, variant, split)
    steps.pretrain(params, variant, split, MlflowTracker(network))


if __name__ == "__main__":
    sys.exit(command.main(pretrain, "variant", "split"))
