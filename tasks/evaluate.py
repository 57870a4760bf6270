"""Stage ``evaluate``: score a trained network's test persons, and add that to its run."""

import sys

from mtdnet import steps
from mtdnet.params import Params
from tasks import command
from tasks.mlflow_tracker import MlflowTracker


def evaluate(params: Params, target: str, variant: str, split: int) -> None:
    """Score the test persons once; add figures and pictures to the training's MLflow run."""
    tracker = MlflowTracker(steps.origin(params, (target, split, variant)), target)
    steps.evaluate(params, target, variant, split, tracker)


if __name__ == "__main__":
    sys.exit(command.main(evaluate, "target", "variant", "split"))
