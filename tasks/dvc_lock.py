"""What a killed DVC leaves broken: its list of who reads and writes what, and ``dvc.lock``."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil
from dvc.dvcfile import LOCK_FILE
from dvc.lock import LockError, make_lock
from dvc.rwlock import RWLOCK_FILE, RWLOCK_LOCK, SCHEMA
from dvc.schema import COMPILED_LOCKFILE_SCHEMA as LOCKFILE
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from voluptuous import Invalid

from mtdnet.errors import InputError
from mtdnet.files import whole

FORM = "2.0"  # of ``dvc.lock``
CLOCK_SECONDS = 1.0  # between a process's start and a file's time, which come of two clocks

Holder = dict[str, Any]  # pid, cmd


def heal(root: Path) -> list[str]:
    """Mend what killed processes left of DVC's files; return a line for each thing that was done.

    Raises InputError where that can't be done while another DVC is at work.
    """
    return [*_heal_lockfile(root), *_heal_list(root)]


@contextmanager
def unwritten(root: Path) -> Iterator[None]:
    """Let no DVC write its files in a project while one is read: it empties ``dvc.lock`` first.

    Waits for one that does; one that keeps DVC's lock for three seconds does something else.
    """
    tmp = root / ".dvc" / "tmp"
    if not tmp.parent.is_dir():  # nobody's project
        yield
        return
    tmp.mkdir(exist_ok=True)
    lock = make_lock(str(tmp / "lock"), tmp_dir=str(tmp))
    try:
        lock.lock()
    except LockError:
        yield
        return
    try:
        yield
    finally:
        lock.unlock()


def _heal_lockfile(root: Path) -> list[str]:
    """Set a ``dvc.lock`` aside that was cut off.

    What its stages have made, DVC finds in its run cache.
    """
    place = root / LOCK_FILE
    if not _is_cut(place):
        return []
    with unwritten(root):
        if not _is_cut(place):
            return []
        aside = root / ".locks" / f"{LOCK_FILE}.cut"
        aside.parent.mkdir(exist_ok=True)
        place.replace(aside)
    line = f"{LOCK_FILE} was cut off by a killed process: moved to {aside.relative_to(root)}"
    return [f"{line}; DVC finds what was made in its run cache"]


@lru_cache(1)
def content(text: str) -> Any:
    """Return what the text of a ``dvc.lock`` holds; read once, for flows heal and hash often."""
    return YAML(typ="safe").load(text)


def _is_cut(place: Path) -> bool:
    """Tell whether a file is no ``dvc.lock``: not one of another form, nor one that git merged."""
    try:
        text = place.read_text(encoding="utf-8", errors="replace")
        found = content(text)
        if isinstance(found, dict) and found.get("schema", FORM) != FORM:
            return False
        LOCKFILE(found)
    except FileNotFoundError:
        return False
    except (ValueError, YAMLError, Invalid):
        return "<<<<<<<" not in text
    return False


def _heal_list(root: Path) -> list[str]:
    """Take from DVC's list what is provably dead.

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
