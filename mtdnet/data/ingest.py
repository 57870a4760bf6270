"""Archive or folder of a benchmark -> ``images.parquet``, ``images.npy``, ``counts.json``."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mtdnet.data import archives
from mtdnet.data.images import COUNTS, PIXELS, SCHEMA, TABLE
from mtdnet.data.layouts import LAYOUTS
from mtdnet.data.pack import pack
from mtdnet.data.scan import Found, files
from mtdnet.errors import InputError
from mtdnet.files import whole, write_json
from mtdnet.networks.trunks import TRUNKS

BOXES = ("labeled", "detected")


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
    by person, camera and path. Prints what was found of what was published. Raises InputError,
    naming the file, for anything missing, damaged or unknown.
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
            found = _find(source, layout, boxes, room)
            counts = _write(benchmark, layout, found, draft, TRUNKS[trunk].size)
        except InputError as problem:  # names the archive, for what was unpacked goes away
            raise InputError(str(problem).replace(str(room), str(source))) from None
    print(summary(counts))
    return counts


def summary(counts: Mapping[str, Any]) -> str:
    """Return the line "viper: 316 of 632 persons, 2 of 2 cameras, 632 of 1,264 images"."""
    published = counts["published"] or {}
    said = []
    for what in ("persons", "cameras", "images"):
        whole_set = published.get(what)
        of = f" of {whole_set:,}" if whole_set else ""
        unknown = what == "cameras" and not counts[what]
        said.append("cameras unknown" if unknown else f"{counts[what]:,}{of} {what}")
    return f"{counts['benchmark']}: {', '.join(said)}"


def _write(
    benchmark: str, layout: str, found: Found, draft: Path, size: tuple[int, int]
) -> dict[str, Any]:
    """Write what was found to the folder ``draft``; return its counts."""
    entries = sorted(found.entries)
    if not entries:
        raise InputError(f"{found.home}: {layout} has no image there that counts; check it")
    draft.mkdir()
    originals = pack(found.home, [e.path for e in entries], found.read, draft / PIXELS, size)
    rows = [
        {"benchmark": benchmark, **e._asdict(), **o._asdict()}
        for e, o in zip(entries, originals, strict=True)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), draft / TABLE)
    counts = {
        "benchmark": benchmark,
        "layout": layout,
        "persons": len({e.person for e in entries} - found.nobody),
        "cameras": len({e.camera for e in entries} - {""}),
        "images": len(entries),
        "published": found.published and dataclasses.asdict(found.published),
        "test_sets": found.test_sets,
    }
    write_json(draft / COUNTS, counts)
    return counts


def _find(source: Path, layout: str, boxes: str, room: Path) -> Found:
    """Find the layout at or below ``source``, else in the one archive there, unpacked in ``room``.

    InputError says what was looked for and what stands there instead.
    """
    if found := LAYOUTS[layout].find(source, boxes):
        return found
    there = sorted(files(source))
    packed = [f for f in there if archives.is_archive(f)]
    if len(packed) == 1:
        archives.unpack(packed[0], room)
        if found := LAYOUTS[layout].find(room, boxes):
            return found
        there = sorted(files(room))
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
