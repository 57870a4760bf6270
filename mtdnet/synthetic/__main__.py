"""``python -m mtdnet.synthetic OUT``: draw the demo's five benchmarks below a folder."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mtdnet.errors import status
from mtdnet.synthetic import write


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m mtdnet.synthetic", description=__doc__)
    parser.add_argument("out", type=Path, help="folder, for example data")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(words)
    return status(lambda: write(given.out, seed=given.seed))


if __name__ == "__main__":
    sys.exit(main())
