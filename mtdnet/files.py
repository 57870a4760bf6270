"""Files and folders that appear whole or not at all."""

import csv
import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from safetensors import SafetensorError

from mtdnet.errors import InputError

if TYPE_CHECKING:
    from numpy import memmap

IN_THE_WAY = (errno.ENOTEMPTY, errno.EEXIST, errno.EISDIR, errno.ENOTDIR)


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; move it into place when the block succeeds.

    The block may write a file or make a folder there. When it raises, nothing of it remains
    and an earlier ``target`` is untouched. A folder that stands at ``target`` is replaced if it
    is an earlier one of these: empty, or with a file of the same name as one of the new folder's.
    Raises InputError when it is another folder, or a file stands in a folder's place; OSError when
    the disk is full, also where the block writes by safetensors.

    What a killed process left of its own is removed when ``target`` is written next: such a folder,
    ".NAME.PROCESS.xxxxxxxx", is locked as long as its process lives.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target)
    with _room(target) as room:
        draft = room / target.name
        try:
            yield draft
        except (OSError, SafetensorError) as problem:
            raise _named(problem, target) from None
        for attempt in range(9):
            try:
                _check_replaced(target, draft)
                draft.replace(target)
                break
            except OSError as problem:  # a folder stands there, perhaps another writer's
                if attempt == 8 or problem.errno not in IN_THE_WAY:
                    raise
            with suppress(FileNotFoundError):
                target.rename(room / f"replaced{attempt}")


def _named(problem: OSError | SafetensorError, target: Path) -> Exception:
    """Return the system's error, a full disk say, with what was being written."""
    if isinstance(problem, OSError):
        number = None if problem.filename else problem.errno
    else:  # in its text
        told = re.search(r"os error (\d+)", str(problem))
        number = int(told[1]) if told else None
    return OSError(number, os.strerror(number), str(target)) if number else problem


def _check_replaced(target: Path, draft: Path) -> None:
    """Raise InputError when what stands at ``target`` is nothing that wrote ``draft`` made."""
    if not target.exists():
        return
    kinds = target.is_dir(), draft.is_dir()
    if not any(kinds):  # a file in place of a file
        return
    if all(kinds):
        with suppress(FileNotFoundError):  # another writer's, gone by now
            there = {f.name for f in target.iterdir()}
            if not there or any(f.name in there and f.is_file() for f in draft.iterdir()):
                return
    raise InputError(f"{target}: stands there and is nothing that this step wrote; move it away")


@contextmanager
def _room(target: Path) -> Iterator[Path]:
    """Make a folder beside ``target`` and lock it; remove it at the end."""
    prefix = f".{target.name}.{os.getpid()}."
    while True:
        room = Path(tempfile.mkdtemp(prefix=prefix, dir=target.parent))
        with _locked(room, wait=True):
            if not room.is_dir():  # swept by another process before it was locked
                continue
            try:
                yield room
                return
            finally:
                shutil.rmtree(room, ignore_errors=True)


def _sweep(target: Path) -> None:
    own = re.compile(rf"\.{re.escape(target.name)}\.\d+\.[a-z0-9_]{{8}}")
    for left in target.parent.iterdir():
        if own.fullmatch(left.name):
            with _locked(left) as alone:
                if alone:
                    shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _locked(folder: Path, wait: bool = False) -> Iterator[bool]:
    """Hold a folder's lock, which goes with the process; False where it can't be had."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # gone
        yield False
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        held = True
    except OSError:  # another's, or a file system without locks
        held = False
    try:
        yield held
    finally:
        os.close(handle)


@contextmanager
def alone(lock: Path, what: str) -> Iterator[None]:
    """Hold a lock file, which the system frees when the process dies.

    Raises InputError, "another process does ``what``", when another holds it.
    """
    from filelock import FileLock, Timeout  # a network that answers does without

    lock.parent.mkdir(parents=True, exist_ok=True)
    own = FileLock(lock)
    try:
        own.acquire(blocking=False)
    except Timeout:
        raise InputError(f"{lock.parent}: another process does {what}; wait for that one") from None
    try:
        yield
    finally:
        own.release()


def write_json(target: Path, content: Any) -> None:
    """Write ``content`` as indented JSON, whole or not at all; a NaN is refused (ValueError)."""
    with whole(target) as draft:
        draft.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def write_csv(target: Path, head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table in UTF-8, whole or not at all."""
    with whole(target) as draft, draft.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows([head, *rows])


def read_json(source: Path) -> Any:
    """Return the content of a JSON file; InputError when it is missing or is no JSON."""
    try:
        return json.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{source}: no such file; run the step that writes it") from None
    except (ValueError, RecursionError) as problem:
        raise InputError(f"{source}: not JSON ({problem}); run its step again") from None


def read_array(source: Path, mode: Literal["r", "r+", "c"] = "r") -> "memmap[Any, Any]":
    """Return a memory-mapped ``.npy``; OSError or ValueError for whatever else stands there."""
    from tokenize import TokenError

    from numpy.lib.format import open_memmap

    try:
        return open_memmap(source, mode=mode)
    except (SyntaxError, TokenError, ArithmeticError, TypeError, EOFError) as problem:
        # NumPy reads the header as Python.
        raise ValueError(f"{source.name}: no header of an array ({problem})") from None


def sha256(source: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    with source.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
