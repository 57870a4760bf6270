"""The image files of a gallery, and whether they are still what they were."""

import os
from pathlib import Path
from typing import Any

import pyarrow as pa

from mtdnet.data.decode import SUFFIXES
from mtdnet.data.scan import files, has_image
from mtdnet.errors import InputError
from mtdnet.inference.readable import left_out

# ``path`` as the system's bytes, below the gallery's folder; ``changed`` in nanoseconds.
SCHEMA = pa.schema({"path": pa.binary(), "bytes": pa.int64(), "changed": pa.int64()})


def images(gallery: Path) -> list[Path]:
    """Return the image files below a folder, sorted: by suffix, by content where there is none.

    Images of other kinds are counted on standard error. Raises InputError when it is no folder, or
    has none.
    """
    if not gallery.is_dir():
        raise InputError(f"{gallery}: no such folder; name the folder of the gallery's images")
    home = gallery.absolute()
    below = (gallery / file.relative_to(home) for file in files(gallery))
    there = sorted(file for file in below if has_image(file))
    images = [file for file in there if file.suffix.lower() in ("", *SUFFIXES)]
    if over := [file for file in there if file not in set(images)]:
        left_out(f"{gallery}: {len(over):,} images of kinds that aren't read, as {over[0]}")
    if not images:
        raise InputError(f"{gallery}: no image files to rank ({', '.join(SUFFIXES)})")
    return images


def listed(gallery: Path) -> pa.Table:
    """Return the image files below a folder, sorted, with what tells that one was changed."""
    files = images(gallery)
    paths = [os.fsencode(file.relative_to(gallery)) for file in files]
    sizes, times = zip(*map(_state, files), strict=True)
    return pa.Table.from_arrays([pa.array(c) for c in (paths, sizes, times)], schema=SCHEMA)


def unchanged(gallery: Path, row: dict[str, Any]) -> Path:
    """Return the file of a row of ``listed``; InputError when it is not what it was."""
    file = gallery / os.fsdecode(row["path"])
    if not file.is_file() or _state(file) != (row["bytes"], row["changed"]):
        raise InputError(f"{file}: changed or gone since it was indexed, index its folder anew")
    return file


def _state(file: Path) -> tuple[int, int]:
    state = file.stat()
    return state.st_size, state.st_mtime_ns
