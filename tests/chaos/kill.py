"""Processes of one run, wherever they are: found by a mark in their environment, and killed."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MARK = "MTDNET_CHAOS"
WAYS = ("all", "first", "one")  # of its processes; the system's killer takes one


def alive(mark: str) -> list[int]:
    """Return the processes that carry a mark, the oldest first, but for the dead unburied."""
    return sorted(_marked(f"{MARK}={mark}".encode()))


def _marked(mark: bytes) -> Iterator[int]:
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (place / "environ").read_bytes().split(b"\0"):
                yield int(place.name)


def kill(mark: str, way: str, rng: random.Random) -> None:
    """Kill all processes with a mark, the first, or one at random."""
    if way == "all":
        while found := alive(mark):
            for process in found:
                _end(process)
            time.sleep(0.01)
    elif found := alive(mark):
        _end(found[0] if way == "first" else rng.choice(found))


def _end(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def gone(mark: str, seconds: float = 15.0) -> bool:
    """Wait until no process carries a mark; False when some still do after ``seconds``."""
    end = time.monotonic() + seconds
    while alive(mark):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
