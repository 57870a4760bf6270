"""``python -m mtdnet.synthetic OUT``: draw the demo's five benchmarks below a folder.

With ``--own 24`` instead a table of so many persons before own cameras, OUT/shop.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mtdnet.errors import status
from mtdnet.synthetic import DEMO, write


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m mtdnet.synthetic", description=__doc__)
    parser.add_argument("out", type=Path, help="folder, for example data")
    parser.add_argument("--seed", type=int, default=0)
    told = "instead, so many persons before one's own cameras, as OUT/shop with a table"
    parser.add_argument("--own", type=int, metavar="PERSONS", help=told)
    given = parser.parse_args(words)
    persons = DEMO if given.own is None else {"shop": given.own}
    return status(lambda: write(given.out, persons=persons, seed=given.seed))


if __name__ == "__main__":
    sys.exit(main())
