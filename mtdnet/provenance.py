"""What a figure rests on: commit, and a fingerprint of data and settings."""

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mtdnet.errors import InputError
from mtdnet.files import sha256

CODE = Path(__file__).parent


def commit(folder: Path = CODE) -> str:
    """Return the commit of a folder, the code's, with ``+`` when changed since; "" outside git.

    A repository that the folder lies in, but doesn't hold (an environment's folder), is none.
    ``dvc.lock``, which says what DVC has made in a project, is no change of it.
    """

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, check=False
        )
        return done.stdout.strip() if done.returncode == 0 else ""

    try:
        head = git("rev-parse", "HEAD") if git("ls-files", "--", ".") else ""
        changed = head and git("status", "--porcelain", "--", ".", ":!dvc.lock")
    except FileNotFoundError:
        return ""
    return f"{head}+" if changed else head


def code() -> str:
    """Return the SHA-256 of this package's sources, wherever they stand."""
    digest = hashlib.sha256()
    for file in sorted(CODE.rglob("*.py")):
        digest.update(f"{file.relative_to(CODE)} {sha256(file)}".encode())
    return digest.hexdigest()


def fingerprint(settings: Mapping[str, Any], files: Sequence[Path]) -> str:
    """Return the SHA-256 of settings and files' contents; InputError names a missing file."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for file in files:
        if not file.is_file():
            raise InputError(f"{file}: no such file; run the step that writes it")
        digest.update(sha256(file).encode())
    return digest.hexdigest()
