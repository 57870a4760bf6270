"""Stage ``augment``: draw an identity split of a benchmark and its triplets."""

import sys

from mtdnet import steps
from tasks import command

if __name__ == "__main__":
    sys.exit(command.main(steps.augment, "benchmark", "split"))
