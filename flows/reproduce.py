"""Bring the whole pipeline up to date, and register the networks."""

import sys

from flows import command

if __name__ == "__main__":
    words = command.parser("reproduce", __doc__).parse_args()
    sys.exit(command.main("reproduce", dry_run=words.dry_run))
