"""Archive or folder of a benchmark -> ``images.parquet``, ``images.npy``, ``counts.json``."""

import dataclasses
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from mtdnet.data import archives
from mtdnet.data.images import COUNTS, PIXELS, SCHEMA, TABLE, sealed
from mtdnet.data.layouts import LAYOUTS
from mtdnet.data.pack import pack
from mtdnet.data.scan import Entry, Listing, files
from mtdnet.errors import InputError
from mtdnet.files import whole, write_json
from mtdnet.networks.trunks import TRUNKS
from mtdnet.tables import write_table

BOXES = ("labeled", "detected")
NUMBER = re.compile(r"0*(\d+)(?:\.0*)?")


def ingest(
    *,
    source: Path,
    benchmark: str,
    layout: str,
    out: Path,
    boxes: str = "labeled",
    trunk: str = "caffenet",
) -> dict[str, Any]:
    """Read a benchmark and write the folder ``out``, whole or not at all; return its counts.

    ``source``: the folder as unpacked, at any depth, or the archive, or a folder with just the
    archive in it; ``layout``: a key of ``LAYOUTS``; ``boxes``: "labeled" or "detected", for
    CUHK03; ``trunk``: a key of ``TRUNKS``, at whose input size images are packed. Rows are sorted
    by person, camera and path. Prints what was found of what was published; images that were passed
    over, and pictures (of equal bytes) under several persons, are counted on standard error and in
    the counts. Raises InputError, naming the file, for anything missing, damaged or unknown, and
    for ids that are one number, as 1 and 0001.
    """
    if layout not in LAYOUTS:
        raise InputError(f"layout '{layout}' of {benchmark}: unknown; known: {', '.join(LAYOUTS)}")
    if boxes not in BOXES:
        raise InputError(f"boxes '{boxes}': unknown; known: {', '.join(BOXES)}")
    if not source.exists():
        raise InputError(f"{source}: no such folder or archive; put {benchmark} there")
    with whole(out) as draft:
        room = draft.parent.absolute() / "unpacked"
        try:
            listing, place = _find(source, layout, boxes, room)
            over = listing.passed_over(place)
            counts = _write(benchmark, layout, listing, over, draft, TRUNKS[trunk].size)
        except InputError as problem:  # names the archive, for what was unpacked goes away
            raise InputError(str(problem).replace(str(room), str(source))) from None
    print(summary(counts))
    return counts


def summary(counts: Mapping[str, Any]) -> str:
    """Return the line "viper: 316 of 632 persons, 2 of 2 cameras, 632 of 1,264 images"."""
    published = counts["published"] or {}
    parts = []
    for what in ("persons", "cameras", "images"):
        whole_set = published.get(what)
        of = f" of {whole_set:,}" if whole_set else ""
        unknown = what == "cameras" and not counts[what]
        parts.append("cameras unknown" if unknown else f"{counts[what]:,}{of} {what}")
    return f"{counts['benchmark']}: {', '.join(parts)}"


def _write(
    benchmark: str,
    layout: str,
    listing: Listing,
    passed_over: Mapping[str, Sequence[Path]],
    draft: Path,
    size: tuple[int, int],
) -> dict[str, Any]:
    """Write what was found to the folder ``draft``; return its counts."""
    entries = sorted(listing.entries)
    for rule, images in passed_over.items():
        _warn(f"{benchmark}: {len(images):,} images passed over ({rule}), as {images[0]}")
    if not entries:
        raise InputError(f"{listing.home}: {layout} has no image there that counts; check it")
    _alike(listing.home, "persons", (e.person for e in entries))
    _alike(listing.home, "cameras", (e.camera for e in entries))
    draft.mkdir()
    originals = pack(listing.home, [e.path for e in entries], listing.read, draft / PIXELS, size)
    rows = [
        {"benchmark": benchmark, **e._asdict(), **o._asdict()}
        for e, o in zip(entries, originals, strict=True)
    ]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    write_table(sealed(table, draft / PIXELS), draft / TABLE)
    counts = {
        "benchmark": benchmark,
        "layout": layout,
        "persons": len({e.person for e in entries} - listing.distractors),
        "cameras": len({e.camera for e in entries} - {""}),
        "images": len(entries),
        "published": listing.published and dataclasses.asdict(listing.published),
        "test_sets": listing.test_sets,
        "passed_over": {rule: len(images) for rule, images in passed_over.items()},
        "shared_pictures": _shared(benchmark, entries, [o.sha256 for o in originals]),
    }
    write_json(draft / COUNTS, counts)
    return counts


def _alike(home: Path, what: str, ids: Iterable[str]) -> None:
    """Raise InputError for two ids that are one number, as 1, 0001 and 1.0 are."""
    written: dict[str, str] = {}
    for name in ids:
        if match := NUMBER.fullmatch(name):
            other = written.setdefault(match[1], name)
            if other != name:
                raise InputError(
                    f"{home}: {what} '{other}' and '{name}' are one number; write it alike, or "
                    "give the one of them another name"
                )


def _shared(benchmark: str, entries: Sequence[Entry], hashes: Sequence[str]) -> int:
    """Return how many images are of a picture that several persons have; warn of the first."""
    owners: dict[str, list[Entry]] = {}
    for entry, digest in zip(entries, hashes, strict=True):
        owners.setdefault(digest, []).append(entry)
    shared = [some for some in owners.values() if len({e.person for e in some}) > 1]
    if shared:
        first, second = shared[0][0], next(e for e in shared[0] if e.person != shared[0][0].person)
        _warn(
            f"{benchmark}: {len(shared):,} pictures under several persons, as {first.path} of "
            f"'{first.person}' and {second.path} of '{second.person}'; correct one"
        )
    return sum(map(len, shared))


def _warn(line: str) -> None:
    print(line, file=sys.stderr)


def _find(source: Path, layout: str, boxes: str, room: Path) -> tuple[Listing, Path]:
    """Find the layout at or below ``source``, else in the one archive there, unpacked in ``room``.

    Returns which of the two it was, too. InputError says what was looked for and what stands there
    instead.
    """
    if listing := LAYOUTS[layout].find(source, boxes):
        return listing, source
    there = sorted(files(source))
    packed = [f for f in there if archives.is_archive(f)]
    if len(packed) == 1:
        archives.unpack(packed[0], room)
        if listing := LAYOUTS[layout].find(room, boxes):
            return listing, room
        there = sorted(files(room))
        if inner := [f for f in there if archives.is_archive(f)]:
            raise InputError(f"{packed[0]}: an archive in an archive; unpack {inner[0].name}")
        source = packed[0]
    elif packed:
        names = ", ".join(f.name for f in packed)
        raise InputError(f"{source}: {len(packed)} archives ({names}); keep one or unpack it")
    stands = f"{len(there)} others, as {there[0].name}" if there else "nothing"
    raise InputError(
        f"{source}: no {layout} there, at any depth; looked for "
        f"{LAYOUTS[layout].LOOKED_FOR}, or one archive ({', '.join(archives.SUFFIXES)}); "
        f"found {stands}"
    )
