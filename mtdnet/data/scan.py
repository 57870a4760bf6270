"""What a layout finds in a folder, and finding it by file names at any depth."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from mtdnet.data.pixels import Reader, read_files
from mtdnet.errors import InputError


class Entry(NamedTuple):
    """One image; ``camera`` "" is unknown, ``part`` and ``role`` are "" unless the layout says.

    ``path`` is relative to the folder that the layout itself begins with, so that it doesn't
    depend on where that folder was left.
    """

    person: str
    camera: str
    path: str
    part: str = ""
    role: str = ""


@dataclass(frozen=True)
class Published:
    """The published size of a whole benchmark; None is unknown."""

    persons: int | None
    cameras: int | None
    images: int | None


@dataclass(frozen=True)
class Found:
    """The images below ``home``, how to read them, and what was published about them.

    ``test_sets``: published lists of test persons; ``nobody``: the person ids of distractors.
    """

    home: Path
    entries: list[Entry]
    published: Published | None = None
    test_sets: list[list[str]] = field(default_factory=list)
    nobody: frozenset[str] = frozenset()
    read: Reader = read_files


def files(source: Path) -> Iterator[Path]:
    """Yield the absolute paths of a file itself or of all files below a folder, hidden ones not.

    Links to folders are followed, each folder once.
    """
    source = source.absolute()
    if source.is_file():
        yield source
        return
    seen: set[Path] = set()
    for folder, below, names in os.walk(source, followlinks=True):
        below[:] = sorted(n for n in below if not n.startswith(".") and n != "__MACOSX")
        real = Path(folder).resolve()
        if real in seen:
            below.clear()
            continue
        seen.add(real)
        yield from (Path(folder, n) for n in names if not n.startswith("."))


def by_name(
    source: Path, pattern: str, label: Callable[[re.Match[str]], Entry | None]
) -> tuple[Path, list[Entry]] | None:
    """Return the folder whose files have names like ``pattern``, and what ``label`` makes of each.

    ``pattern`` matches the end of a path, from the layout's own folder on; ``label`` returns
    None for a file that is left out. None when nothing matches; InputError when the benchmark
    stands there twice.
    """
    matched = re.compile(rf"(?<![^/])(?:{pattern})$")
    entries: dict[str, list[Entry]] = {}
    for file in files(source):
        path = file.as_posix()
        if match := matched.search(path):
            beside = entries.setdefault(path[: match.start()], [])
            if entry := label(match):
                beside.append(entry)
    if not entries:
        return None
    home = only([Path(h) for h in entries], source)
    return home, entries.popitem()[1]


def only(found: list[Path], source: Path) -> Path:
    """Return the one element; InputError when there are several."""
    if len(found) > 1:
        first, second, *_ = sorted(found)
        raise InputError(
            f"{source}: the benchmark is there {len(found)} times, as {first} and {second}; "
            "point at one of them"
        )
    return found[0]
