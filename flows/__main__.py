"""Run a command in the project's environment: ``python -m flows prefect server start``."""

import os
import sys
from pathlib import Path

from flows import server
from flows.environment import ROOT  # sets what the command inherits
from mtdnet.errors import InputError

if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m flows COMMAND [ARGUMENT ...]")
    url = os.environ.get("PREFECT_API_URL")
    if url and sys.argv[1] == "prefect" and sys.argv[2:3] != ["server"]:
        try:
            server.check(url)
        except InputError as problem:
            sys.exit(f"error: {problem}")
    # a worker loads flows from this folder, wherever it runs them
    ours = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(ours)
    beside = Path(sys.executable).parent
    os.environ["PATH"] = f"{beside}{os.pathsep}{os.environ.get('PATH', '')}"
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606
