"""A score matrix in tiles: what is computed, and kept, at a time."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tqdm import tqdm

ROWS, COLUMNS = 16, 256  # queries and gallery images of a tile: a minute's work on a processor

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Tile = tuple[slice, slice]


def tiling(queries: int, gallery: int) -> list[Tile]:
    """Return the tiles of a matrix (Q, G), those of the same gallery images together."""
    return sorted(grid(queries, gallery, ROWS, COLUMNS), key=lambda tile: tile[1].start)


def grid(queries: int, gallery: int, rows: int, columns: int) -> Iterator[Tile]:
    """Yield slices that cover a matrix (Q, G), row by row."""
    for q in range(0, queries, rows):
        for g in range(0, gallery, columns):
            yield slice(q, min(q + rows, queries)), slice(g, min(g + columns, gallery))


def progress(passes: int, done: int = 0, disable: bool = False) -> "tqdm[NoReturn]":
    """Return a bar of passes of the pair head."""
    from tqdm import tqdm  # a network that answers needs none of it

    return tqdm(
        total=passes, initial=done, unit=" passes", desc="score", unit_scale=True, disable=disable
    )
