"""What a figure rests on: commit, and a fingerprint of data and settings."""

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mtdnet.errors import InputError
from mtdnet.files import sha256


def commit() -> str:
    """Return the commit of the code, with ``+`` when changed since; "" outside a checkout.

    A repository that the code lies in, but doesn't hold (an environment's folder), is none.
    """
    here = Path(__file__).parent

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=here, capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        if not git("ls-files", "--", Path(__file__).name):
            return ""
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain", "--", ".") else "")
    except FileNotFoundError:
        return ""


def code() -> str:
    """Return the SHA-256 of this package's sources, wherever they stand."""
    package, digest = Path(__file__).parent, hashlib.sha256()
    for file in sorted(package.rglob("*.py")):
        digest.update(f"{file.relative_to(package)} {sha256(file)}".encode())
    return digest.hexdigest()


def inputs(ingested: Path, augmented: Path, origin: Path | None) -> list[Path]:
    """Return the files that a training rests on; ``origin``: the weights that it starts from."""
    files = [ingested / "images.parquet", augmented / "triplets.parquet"]
    return [*files, augmented / "split.parquet", *([origin] if origin else [])]


def fingerprint(settings: Mapping[str, Any], files: Sequence[Path]) -> str:
    """Return the SHA-256 of settings and files' contents; InputError names a missing file."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for file in files:
        if not file.is_file():
            raise InputError(f"{file}: no such file; run the step that writes it")
        digest.update(sha256(file).encode())
    return digest.hexdigest()
