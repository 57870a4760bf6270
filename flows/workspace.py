"""One flow at a time in a project's folder: the second waits, and says for whom."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from mtdnet.files import read_json, write_json

POLL_SECONDS = 1.0
NOTE = "flow.json"  # who holds the folder; only a killed holder leaves it
LONGEST = 200  # characters of a command that are shown


@contextmanager
def held(root: Path, say: Callable[[str], object]) -> Iterator[bool]:
    """Hold the project's folder, after whoever holds it; in one process as often as needed.

    Yields whether the last holder died of a kill. ``say`` gets a line when there is somebody to
    wait for. The system frees the lock of a process that dies.
    """
    folder = root / ".locks"
    folder.mkdir(exist_ok=True)
    lock = FileLock(folder / "flow", thread_local=False, is_singleton=True)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        say(f"waits for {_holder(folder)}")
        lock.acquire(poll_interval=POLL_SECONDS)
    try:
        killed = False
        if lock.lock_counter == 1:
            killed = (folder / NOTE).exists()
            since = datetime.now().astimezone().isoformat(" ", "seconds")
            words = [Path(sys.orig_argv[0]).name, *sys.orig_argv[1:]]
            command = " ".join(" ".join(words).split())[:LONGEST]
            write_json(folder / NOTE, {"process": os.getpid(), "command": command, "since": since})
        yield killed
    finally:
        if lock.lock_counter == 1:
            (folder / NOTE).unlink(missing_ok=True)
        lock.release()


def holder(root: Path) -> str | None:
    """Return who holds the project's folder, None when nobody does."""
    folder = root / ".locks"
    if not folder.is_dir():
        return None
    lock = FileLock(folder / "flow")
    try:
        with lock.acquire(blocking=False):
            return None
    except Timeout:
        return _holder(folder)


def _holder(folder: Path) -> str:
    try:
        holder = read_json(folder / NOTE)
    except ValueError:  # it has only just begun
        return "another flow"
    return f"'{holder['command']}' (process {holder['process']}, since {holder['since']})"
