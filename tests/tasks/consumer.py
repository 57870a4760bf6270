"""Whoever loads a registered model: another process without this checkout on its path."""

import os
import subprocess
import sys
from pathlib import Path

import mtdnet

# A script's first argument is the checkout.
HEAD = """
import importlib.util, json, sys
sys.path = [place for place in sys.path if place != sys.argv[1]]
sys.meta_path = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
assert importlib.util.find_spec("mtdnet") is None
"""


def consume(script: str, *words: str, folder: Path, **env: str) -> str:
    """Return what a script that begins with ``HEAD`` prints; it runs in ``folder``."""
    mine = os.environ | {"MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false"} | env
    mine.pop("PYTHONPATH", None)
    checkout = str(Path(mtdnet.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", script, checkout, *words],
        cwd=folder,
        env=mine,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
