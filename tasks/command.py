"""What the commands of the steps share: arguments, the project's folder, one line for an error."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from mtdnet import params
from mtdnet.errors import status

ROOT = Path(__file__).resolve().parent.parent


def main(step: Callable[..., object], *names: str) -> int:
    """Call ``step`` with the parameters and the value of each option ``--name``.

    A split is a number. It runs in the project's folder, wherever the command was given. Returns
    the exit status: 0, 2 for bad input, 130 when a training was stopped and has kept its state.
    """
    parser = argparse.ArgumentParser(description=sys.modules[step.__module__].__doc__)
    for name in names:
        parser.add_argument(f"--{name}", required=True, type=int if name == "split" else str)
    words = vars(parser.parse_args())
    os.chdir(ROOT)
    return status(lambda: step(params.load(), **words))
