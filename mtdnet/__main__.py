"""``python -m mtdnet STEP``: the steps without Prefect, DVC and MLflow, on a bare machine."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mtdnet import params, steps
from mtdnet.errors import status

STEPS = {
    "ingest": "read a benchmark below data/ into a table and packed images",
    "augment": "split its persons, draw its triplets",
    "pretrain": "train the source network",
    "train": "train a variant on a target, from the source network",
    "evaluate": "score the test persons of a target: CMC and mAP",
    "report": "one page of all evaluations",
}


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    """Return the parsed command line."""
    parser = argparse.ArgumentParser(prog="mtdnet", description=__doc__)
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), metavar="FILE")
    commands = parser.add_subparsers(dest="step", required=True, metavar="STEP")
    for step, told in STEPS.items():
        command = commands.add_parser(step, help=told)
        if step in ("ingest", "augment"):
            command.add_argument("--benchmark", required=True)
        if step in ("train", "evaluate"):
            command.add_argument("--target", required=True)
            command.add_argument("--variant", default="mtdnet")
    return parser.parse_args(words)


def run(words: argparse.Namespace) -> None:
    """Run one step and print what it found."""
    given = vars(words)
    step = getattr(steps, given.pop("step"))
    found = step(params.load(given.pop("params")), **given)
    if isinstance(found, str):
        print(found)
    else:
        for key, value in found.items():
            print(f"{key}: {value}")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, 2 for bad input, 130 when stopped with its state kept."""
    given = parse(words)
    return status(lambda: run(given))


if __name__ == "__main__":
    sys.exit(main())
