"""Run a command in the project's environment: ``python -m flows prefect server start``."""

import os
import sys
from pathlib import Path

import flows.environment  # noqa: F401 - sets what the command inherits

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m flows COMMAND [ARGUMENT ...]")
    beside = Path(sys.executable).parent
    os.environ["PATH"] = f"{beside}{os.pathsep}{os.environ.get('PATH', '')}"
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606
