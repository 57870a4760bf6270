"""DVC, called in a project's folder."""

import subprocess
import sys
from pathlib import Path

from mtdnet.errors import InputError


def call(root: Path, what: str, *words: str) -> None:
    """Run DVC; InputError when it fails: ``what``, and the last line in which it says why."""
    command = [sys.executable, "-m", "dvc", *words]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"DVC ended with status {done.returncode}"]
        said = [line for line in lines if line.startswith("ERROR: ")] or lines
        raise InputError(f"{what}: {said[-1].removeprefix('ERROR: ')}")
