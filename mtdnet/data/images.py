"""An ingested benchmark: the table of its images and their packed pixels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mtdnet.artifacts import ImageCounts
from mtdnet.errors import InputError, reason
from mtdnet.files import read_array, sha256

TABLE, PIXELS, COUNTS = "images.parquet", "images.npy", "counts.json"
SCHEMA = pa.schema(
    {
        "benchmark": pa.string(),
        "person": pa.string(),
        "camera": pa.string(),
        "path": pa.string(),
        "width": pa.int32(),
        "height": pa.int32(),
        "sha256": pa.string(),
        "part": pa.string(),
        "role": pa.string(),
    }
)

SEAL = b"pixels.sha256"  # in the table's metadata: what hashes the table has hashed the pixels

Strings = NDArray[np.str_]


@dataclass(frozen=True)
class Images:
    """N images of one benchmark.

    ``person``, ``camera`` ("" is unknown), ``path``, ``part`` ("train", "test" or "") and
    ``role`` ("query", "gallery" or ""): (N,) text. ``pixels``: uint8 (N, H, W, 3) RGB,
    memory-mapped; a write stays in memory. ``counts``: the content of ``counts.json``.
    """

    person: Strings
    camera: Strings
    path: Strings
    part: Strings
    role: Strings
    pixels: NDArray[np.uint8]
    counts: dict[str, Any]

    @classmethod
    def open(cls, folder: Path, size: tuple[int, int] | None = None) -> "Images":
        """Read a folder that ``ingest`` wrote; InputError when it isn't whole.

        Also when its images are of another ``size``, height and width, than the network takes.
        The pixels are hashed, so a changed one is noticed: half a second a GB (SHA-256 on a core
        that has instructions for it), and what follows finds them in memory.
        """
        again = "run the ingest step again"
        counts = ImageCounts.read(folder)
        try:
            table = pq.read_table(folder / TABLE, page_checksum_verification=True)
            pixels = read_array(folder / PIXELS, "c")  # torch warns of read-only
        except (OSError, ValueError, pa.ArrowException) as problem:
            raise InputError(f"{folder}: not a whole ingest ({reason(problem)}); {again}") from None
        if table.schema.remove_metadata() != SCHEMA:
            raise InputError(f"{folder / TABLE}: other columns than {SCHEMA.names}; {again}")
        expected = (table.num_rows, *pixels.shape[1:3], 3)
        if pixels.shape != expected or pixels.dtype != np.uint8:
            raise InputError(
                f"{folder / PIXELS}: expected uint8 {expected}, found {pixels.dtype} "
                f"{pixels.shape}; {again}"
            )
        if size and pixels.shape[1:3] != size:
            (height, width), own = size, pixels.shape
            raise InputError(
                f"{folder}: images of {own[1]} x {own[2]}, the network takes {height} x {width} "
                "(height x width); ingest and train by the same `trunk`"
            )
        if counts.images != table.num_rows:
            raise InputError(
                f"{folder / COUNTS}: not the counts of {table.num_rows} images; {again}"
            )
        if (table.schema.metadata or {}).get(SEAL) != sha256(folder / PIXELS).encode():
            raise InputError(f"{folder / PIXELS}: not the pixels that ingest wrote; {again}")
        names = ("person", "camera", "path", "part", "role")
        if empty := [name for name in names if table[name].null_count]:
            raise InputError(f"{folder / TABLE}: an empty cell in {empty[0]}; {again}")
        text = {name: np.array(table[name].to_pylist(), dtype=np.str_) for name in names}
        return cls(**text, pixels=pixels, counts=counts.model_dump())


def sealed(table: pa.Table, pixels: Path) -> pa.Table:
    """Return a table of images with the hash of the file of their pixels in its metadata."""
    return table.replace_schema_metadata({SEAL: sha256(pixels)})
