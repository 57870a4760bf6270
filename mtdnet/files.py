"""Files and folders that appear whole or not at all."""

import errno
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from mtdnet.errors import InputError

IN_THE_WAY = (errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR, errno.ENOTDIR)


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; move it into place when the block succeeds.

    The block may write a file or make a folder there. When it raises, nothing of it remains
    and an earlier ``target`` is untouched. A folder that stands at ``target`` is replaced. Raises
    OSError when the disk is full, also where the block writes by safetensors.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        draft = room / target.name
        yield draft
        for attempt in range(9):
            try:
                draft.replace(target)
                break
            except OSError as problem:  # a folder stands there, perhaps another writer's
                if attempt == 8 or problem.errno not in IN_THE_WAY:
                    raise
            with suppress(FileNotFoundError):
                target.rename(room / f"replaced{attempt}")
    except SafetensorError as problem:  # the system's error, a full disk say, is in its text
        number = re.search(r"os error (\d+)", str(problem))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(target)) from None
    finally:
        shutil.rmtree(room, ignore_errors=True)


def write_json(target: Path, content: Any) -> None:
    """Write ``content`` as indented JSON, whole or not at all; a NaN is refused (ValueError)."""
    with whole(target) as draft:
        draft.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def read_json(source: Path) -> Any:
    """Return the content of a JSON file; InputError when it is missing or is no JSON."""
    try:
        return json.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{source}: no such file; run the step that writes it") from None
    except ValueError as problem:
        raise InputError(f"{source}: not JSON ({problem}); run its step again") from None


def sha256(source: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with source.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
