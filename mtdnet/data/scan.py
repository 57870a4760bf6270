"""What a layout finds in a folder, and finding it by file names at any depth."""

import mimetypes
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from mtdnet.data.decode import SUFFIXES, is_image
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
class PublishedSize:
    """The published size of a whole benchmark; None is unknown."""

    persons: int | None
    cameras: int | None
    images: int | None


@dataclass(frozen=True)
class Listing:
    """The images below ``home``, how to read them, and what was published about them.

    ``test_sets``: published lists of test persons; ``distractors``: ids that are no query's;
    ``left_out``: files that a rule of the layout leaves out, each with that rule; ``others``: what
    is wrong with all other images that stand there.
    """

    home: Path
    entries: list[Entry]
    published: PublishedSize | None = None
    test_sets: list[list[str]] = field(default_factory=list)
    distractors: frozenset[str] = frozenset()
    left_out: Mapping[Path, str] = field(default_factory=dict)
    others: str = "not named as the layout's are"
    read: Reader = read_files

    def passed_over(self, source: Path) -> dict[str, list[Path]]:
        """Return rule -> the image files below ``source`` that are no entry, from there on."""
        own = {self.home / e.path for e in self.entries}
        matches: dict[str, list[Path]] = {}
        for file in sorted(f for f in files(source) if f not in own):
            rule = self.left_out.get(file)
            if rule or has_image(file):
                matches.setdefault(rule or self.others, []).append(
                    file.relative_to(source.absolute())
                )
        return dict(sorted(matches.items()))


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


def has_image(file: Path) -> bool:
    """Tell by its suffix, or its content where it has none, whether a file is meant as an image.

    Of any kind, also of those that aren't read. A file that can't be read is none.
    """
    suffix = file.suffix.lower()
    if suffix:
        kind = mimetypes.guess_type(f"a{suffix}")[0] or ""
        return suffix in SUFFIXES or suffix in (".heic", ".heif") or kind.startswith("image/")
    try:
        with file.open("rb") as stream:
            return is_image(stream.read(16))
    except OSError:
        return False


def by_name(
    source: Path,
    pattern: str,
    label: Callable[[re.Match[str]], Entry | str],
    published: PublishedSize | None = None,
) -> Listing | None:
    """Find the folder whose images have names like ``pattern``.

    ``pattern`` matches the end of a path in any letter case, from the layout's own folder on, less
    the suffix: any of ``SUFFIXES``. ``label`` makes an entry of each, or says by which rule it is
    left out. None when nothing matches; InputError when the benchmark stands there twice, or an
    image with two suffixes.
    """
    suffixes = "|".join(re.escape(suffix) for suffix in SUFFIXES)
    matched = re.compile(rf"(?<![^/])(?:{pattern})(?:{suffixes})$", re.IGNORECASE)
    homes: dict[str, dict[str, re.Match[str]]] = {}
    for file in sorted(files(source)):
        path = file.as_posix()
        if match := matched.search(path):
            beside = homes.setdefault(path[: match.start()], {})
            name = str(PurePosixPath(match[0]).with_suffix("")).lower()
            if (twin := beside.setdefault(name, match)) is not match:
                raise InputError(f"{path}: stands there as {twin[0]} too; remove one of them")
    if not homes:
        return None
    home = only([Path(h) for h in homes], source)
    labels = [(match, label(match)) for match in homes.popitem()[1].values()]
    entries = [e for _, e in labels if isinstance(e, Entry)]
    left_out = {home / m[0]: rule for m, rule in labels if isinstance(rule, str)}
    return Listing(home, entries, published, left_out=left_out)


def only(matches: list[Path], source: Path) -> Path:
    """Return the one element; InputError when there are several."""
    if len(matches) > 1:
        first, second, *_ = sorted(matches)
        raise InputError(
            f"{source}: the benchmark is there {len(matches)} times, as {first} and {second}; "
            "point at one of them"
        )
    return matches[0]
