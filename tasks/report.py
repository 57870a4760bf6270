"""Stage ``report``: one page of all evaluations, and its table on the terminal."""

import sys
from pathlib import Path

from mtdnet import steps
from mtdnet.params import Params
from mtdnet.report.gather import evaluations
from mtdnet.report.tables import terminal
from tasks import command


def report(params: Params) -> None:
    """Write the page and print its table."""
    print(steps.report(params))


def table(root: Path, params: Params) -> str:
    """Return the table of the evaluations that lie below ``root``."""
    folders = [root / steps.evaluation(*network) for network in steps.trained(params)]
    return terminal(evaluations(folders))


if __name__ == "__main__":
    sys.exit(command.main(report))
