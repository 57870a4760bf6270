"""Stage ``augment``: split a benchmark's persons and draw its triplets."""

import sys

from mtdnet import steps
from tasks import command

if __name__ == "__main__":
    sys.exit(command.main(steps.augment, "benchmark"))
