"""DVC's list of who reads and writes what: who is in it, and what of it is dead."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
from dvc.lock import make_lock
from dvc.rwlock import RWLOCK_FILE, RWLOCK_LOCK, SCHEMA
from voluptuous import Invalid

from mtdnet.errors import InputError
from mtdnet.files import whole

CLOCK_SECONDS = 1.0  # between a process's start and a file's time, which come of two clocks

Holder = dict[str, Any]  # pid, cmd


def heal(root: Path) -> list[str]:
    """Take from DVC's list what is provably dead; return a line for each thing that was done.

    A list that can't be read was cut off by a killed process: it goes, unless a DVC is at work in
    the project, which would miss its own entry (InputError). An entry goes when its process has
    ended, or its number is now that of another.
    """
    place = root / ".dvc" / "tmp" / RWLOCK_FILE
    if not place.is_file():
        return []
    with make_lock(str(place.with_name(RWLOCK_LOCK)), tmp_dir=str(place.parent), wait=True):
        try:
            content = SCHEMA(json.loads(place.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return []
        except (ValueError, Invalid):
            for process in _at_work(root):
                raise InputError(
                    f"{place}: broken, and DVC is at work (process {process}); "
                    "start again when that has ended"
                ) from None
            place.unlink()
            return [f"DVC's list of locks was broken by a killed process: removed {place}"]
        dead = [entry for entry in _entries(content) if not _alive(entry, place)]
        if not dead:
            return []
        writers = {path: entry for path, entry in content["write"].items() if entry not in dead}
        readers = {
            path: living
            for path, entries in content["read"].items()
            if (living := [entry for entry in entries if entry not in dead])
        }
        with whole(place) as draft:
            draft.write_text(json.dumps({"write": writers, "read": readers}), encoding="utf-8")
    done = (f"freed what '{entry['cmd']}' (process {entry['pid']}, dead) held" for entry in dead)
    return list(dict.fromkeys(done))


def holds(root: Path, process: int) -> bool:
    """Tell whether a process is in the list; True while the list is being written."""
    try:
        place = root / ".dvc" / "tmp" / RWLOCK_FILE
        content = SCHEMA(json.loads(place.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return False
    except (ValueError, Invalid):
        return True
    return any(entry["pid"] == process for entry in _entries(content))


def _entries(content: dict[str, Any]) -> Iterator[Holder]:
    yield from content["write"].values()
    for entries in content["read"].values():
        yield from entries


def _alive(entry: Holder, place: Path) -> bool:
    """Tell whether the process that made an entry may still live.

    It does not when nobody has its number, or somebody who began after the list was last written,
    or whose command line lacks the last word of the entry's.
    """
    try:
        process = psutil.Process(entry["pid"])
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if process.create_time() > place.stat().st_mtime + CLOCK_SECONDS:
            return False
        words = entry["cmd"].split()
        return not words or words[-1] in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True


def _at_work(root: Path) -> Iterator[int]:
    """Yield the other processes in the project's folder that run DVC."""
    for process in psutil.process_iter():
        try:
            here = Path(process.cwd()).is_relative_to(root.resolve())
            words = [Path(word).name for word in process.cmdline()[:3]]
            dead = process.status() == psutil.STATUS_ZOMBIE
        except psutil.Error:
            continue
        if here and "dvc" in words and not dead and process.pid != os.getpid():
            yield process.pid
