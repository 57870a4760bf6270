"""Stage ``ingest``: one benchmark's native layout into a table and packed images."""

import sys

from mtdnet import steps
from tasks import command

if __name__ == "__main__":
    sys.exit(command.main(steps.ingest, "benchmark"))
