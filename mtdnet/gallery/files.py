"""The image files of a gallery, and whether they are still what they were."""

import os
from pathlib import Path

import pyarrow as pa

from mtdnet.data.found import files
from mtdnet.errors import InputError

IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
# ``path`` as the system's bytes, below the gallery's folder; ``changed`` in nanoseconds.
SCHEMA = pa.schema({"path": pa.binary(), "bytes": pa.int64(), "changed": pa.int64()})


def images(gallery: Path) -> list[Path]:
    """Return the image files below a folder, sorted.

    Raises InputError when it is no folder, or has none.
    """
    if not gallery.is_dir():
        raise InputError(f"{gallery}: no such folder; name the folder of the gallery's images")
    home = gallery.absolute()
    found = (gallery / file.relative_to(home) for file in files(gallery))
    kept = sorted(file for file in found if file.suffix.lower() in IMAGES)
    if not kept:
        raise InputError(f"{gallery}: no image files to rank ({', '.join(IMAGES)})")
    return kept


def listed(gallery: Path) -> pa.Table:
    """Return the image files below a folder, sorted, with what tells that one was changed."""
    rows = []
    for file in images(gallery):
        rows.append({"path": os.fsencode(file.relative_to(gallery)), **_state(file)})
    return pa.Table.from_pylist(rows, SCHEMA)


def unchanged(gallery: Path, row: dict[str, bytes | int]) -> Path:
    """Return the file of a row of ``listed``; InputError when it is not what it was."""
    path = row["path"]
    assert isinstance(path, bytes)
    file = gallery / os.fsdecode(path)
    if not file.is_file() or {"path": path, **_state(file)} != row:
        raise InputError(f"{file}: changed or gone since it was indexed; index its folder again")
    return file


def _state(file: Path) -> dict[str, int]:
    found = file.stat()
    return {"bytes": found.st_size, "changed": found.st_mtime_ns}
