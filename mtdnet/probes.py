"""Which images ask and which answer: queries and gallery of a part of the split."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mtdnet.errors import InputError


def probes(augmented: Path, part: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of images.parquet that are queries (Q,) and gallery (G,) of ``part``.

    ``part``: "validation" or "test". InputError when the split is missing or has none of either.
    """
    source = augmented / "split.parquet"
    if not source.is_file():
        raise InputError(f"{source}: no such file; run augment first")
    table = pq.read_table(source, columns=["image", "part", "role"])
    parts, roles = (np.asarray(table[name].to_pylist()) for name in ("part", "role"))
    image = table["image"].to_numpy().astype(np.int64)
    query, gallery = (image[(parts == part) & (roles == role)] for role in ("query", "gallery"))
    if len(query) == 0 or len(gallery) == 0:
        raise InputError(f"{source}: no {part} queries or gallery; give the split {part} persons")
    return query, gallery
