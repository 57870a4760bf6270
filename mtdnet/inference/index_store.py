"""An index on disk: what a network sees in each image of a gallery."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mtdnet.artifacts.base import Count, Document, Positive
from mtdnet.errors import InputError, reason
from mtdnet.files import read_array
from mtdnet.inference.image_files import SCHEMA

FILES = "files.parquet"
FEATURES, HALVES, SUMS = "features.npy", "halves.npy", "sums.npy"
HEADER = 128  # bytes before the first value, as NumPy writes it for these shapes

Array = NDArray[Any]


class Facts(Document):
    """What an index is of: the ``images`` folder, the ``network``'s SHA-256, and two widths.

    ``features``: values of a ranking feature; ``halves``: channels of conv3's halves, 0 where
    they are not kept, and ``grid``: their height and width. The first ``done`` images are in, but
    for the rows ``left_out``, which could not be read. ``sums``: with checksums, which an index had
    not always.
    """

    FILE = "index.json"
    again = "remove the index and make it"
    images: str
    network: str
    features: Positive
    halves: Count
    done: Count = 0
    grid: tuple[Positive, Positive] = (13, 13)
    left_out: tuple[Count, ...] = ()
    sums: bool = False

    def arrays(self, count: int) -> dict[str, tuple[tuple[int, ...], str]]:
        """Return shape and type of each array of ``count`` images.

        Ranking features (G, F), the mean of the plain and the mirrored image's; halves
        (G, 2 sides, 2 mirrors, h, w, C), left and plain first: one image's lie together. CRC-32
        (G, 1) of its feature, or (G, 5) of that and of its four halves.
        """
        made: dict[str, tuple[tuple[int, ...], str]] = {}
        made[FEATURES] = ((count, self.features), "<f4")
        if self.halves:
            made[HALVES] = ((count, 2, 2, *self.grid, self.halves), "<f2")
        if self.sums:
            made[SUMS] = ((count, 5 if self.halves else 1), "<u4")
        return made

    def bytes(self, count: int) -> int:
        """Return the bytes of the arrays of ``count`` images, without their headers."""
        return sum(math.prod(shape) * int(kind[-1]) for shape, kind in self.arrays(count).values())


@dataclass(frozen=True)
class Store:
    """An index that is whole: ``files`` as ``listed`` tells them, arrays memory-mapped."""

    folder: Path
    facts: Facts
    files: pa.Table
    features: NDArray[np.float32]
    _halves: NDArray[np.float16] | None
    _sums: NDArray[np.uint32] | None

    @classmethod
    def open(cls, folder: Path) -> "Store":
        """Read an index; InputError when it is none, broken or unfinished.

        Features are checked by their checksums now, halves when they are read.
        """
        facts, files = read(folder)
        if facts.done != len(files):
            raise InputError(
                f"{folder}: {facts.done:,} of {len(files):,} images are indexed; "
                "give the command that began it once more"
            )
        arrays = {
            name: _mapped(folder / name, *of) for name, of in facts.arrays(len(files)).items()
        }
        store = cls(folder, facts, files, arrays[FEATURES], arrays.get(HALVES), arrays.get(SUMS))
        rows = np.delete(np.arange(len(files)), facts.left_out)
        store._check(FEATURES, store.features[rows] if facts.left_out else store.features, rows, 0)
        return store

    @property
    def has_halves(self) -> bool:
        """Whether halves are kept, and not to be computed when they are asked for."""
        return self._halves is not None

    def halves(self, rows: NDArray[np.int64]) -> NDArray[np.float16]:
        """Return the halves (N, 2 sides, 2 mirrors, h, w, C) of some images.

        InputError when they aren't those that were written.
        """
        assert self._halves is not None
        some: NDArray[np.float16] = self._halves[rows]
        for part, (side, mirror) in enumerate(np.ndindex(2, 2), start=1):
            self._check(HALVES, some[:, side, mirror], rows, part)
        return some

    def rights(self, rows: NDArray[np.int64]) -> NDArray[np.float16]:
        """Return the right halves (N, h, w, C) of the plain images alone, as ``halves`` does."""
        assert self._halves is not None
        some: NDArray[np.float16] = self._halves[rows, 1, 0]  # reads only these
        self._check(HALVES, some, rows, 3)
        return some

    def _check(self, name: str, values: Array, rows: NDArray[np.int64], part: int) -> None:
        if self._sums is None:
            return
        wrong = checksums(values) != self._sums[rows, part]
        if wrong.any():
            raise InputError(
                f"{self.folder / name}: changed since it was written, from image "
                f"{rows[wrong][0] + 1:,} on; remove the index and make it"
            )


def is_index(folder: Path) -> bool:
    """Return whether a path is an index, and no folder of images."""
    return (folder / Facts.FILE).is_file()


def read(folder: Path) -> tuple[Facts, pa.Table]:
    """Return the facts and the files of an index, whole or begun; InputError when it is none."""
    if not is_index(folder):
        raise InputError(f"{folder}: no index of a gallery; make one with `mtdnet index`")
    facts = Facts.read(folder)
    try:
        files = pq.read_table(folder / FILES, page_checksum_verification=True)
        if files.schema != SCHEMA:
            raise ValueError(f"other columns than {SCHEMA.names}")
        if any(column.null_count for column in files.columns):
            raise ValueError(f"an empty cell in {FILES}")
        if facts.done > len(files):
            raise ValueError(f"{facts.done} of {len(files)} images")
    except (OSError, TypeError, ValueError, AttributeError, pa.ArrowException) as problem:
        line = f"no whole index ({reason(problem)}); remove it and index again"
        raise InputError(f"{folder}: {line}") from None
    return facts, files


def reserve(target: Path, shape: Sequence[int], kind: str) -> None:
    """Give an array its header and size; rows that were written before stay as they are."""
    target.touch()
    with target.open("r+b") as stream:
        header = {"descr": kind, "fortran_order": False, "shape": tuple(shape)}
        np.lib.format.write_array_header_1_0(stream, header)
        assert stream.tell() == HEADER, "an array of another shape than an index has"
        stream.truncate(HEADER + math.prod(shape) * np.dtype(kind).itemsize)


def write(target: Path, start: int, rows: Array) -> None:
    """Write rows from the ``start``-th on, through to the disk.

    By file calls: a full disk is an error there, but kills a mapping.
    """
    rows = np.ascontiguousarray(rows)
    with target.open("r+b") as stream:
        stream.seek(HEADER + start * rows[0].nbytes)
        stream.write(rows.data)
        stream.flush()
        os.fsync(stream.fileno())


def checksums(values: Array) -> NDArray[np.uint32]:
    """Return the CRC-32 of the bytes of each of N values, (N,)."""
    return np.array([crc32(np.ascontiguousarray(one).data) for one in values], np.uint32)


def _mapped(file: Path, shape: tuple[int, ...], kind: str) -> Array:
    try:
        array: Array = read_array(file, "c")  # torch warns of read-only
    except (OSError, ValueError) as problem:
        raise InputError(f"{file}: not whole ({problem}); remove the index and make it") from None
    if array.shape != shape or array.dtype != np.dtype(kind):
        raise InputError(f"{file}: expected {kind} {shape}, found {array.dtype} {array.shape}")
    return array
