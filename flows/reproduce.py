"""Bring the whole pipeline up to date, and register the networks."""

import sys

from flows import command

if __name__ == "__main__":
    sys.exit(
        command.main("reproduce", dry_run=command.parser("reproduce", __doc__).parse_args().dry_run)
    )
