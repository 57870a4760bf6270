"""Bring up to date what one benchmark's figures build on, and register its networks."""

import sys

from flows import command

if __name__ == "__main__":
    parser = command.parser("target", __doc__)
    parser.add_argument("--benchmark", required=True, help="one of train.targets, or the source")
    words = parser.parse_args()
    sys.exit(command.main("target", dry_run=words.dry_run, benchmark=words.benchmark))
