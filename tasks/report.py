"""Stage ``report``: one page of all evaluations, and its table on the terminal."""

import sys

from mtdnet import steps
from mtdnet.params import Params
from tasks import command


def report(params: Params) -> None:
    """Write the page and print its table."""
    print(steps.report(params))


if __name__ == "__main__":
    sys.exit(command.main(report))
