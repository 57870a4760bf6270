"""Which images ask and which answer: queries and gallery of a part of the split."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mtdnet.data.images import Images
from mtdnet.errors import InputError
from mtdnet.tables import read_table

SPLIT = "split.parquet"


def probes(
    images: Images, augmented: Path, part: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows of ``images`` that are queries (Q,) and gallery (G,) of ``part``.

    ``part``: "validation" or "test". InputError when the split is missing, of other images, or
    has none of either.
    """
    parts, roles = _split(images, augmented)
    query, gallery = (np.flatnonzero((parts == part) & (roles == r)) for r in ("query", "gallery"))
    if len(query) == 0 or len(gallery) == 0:
        raise InputError(
            f"{augmented / SPLIT}: no {part} queries or gallery; give the split {part} persons"
        )
    return query, gallery


def training_persons(images: Images, augmented: Path) -> NDArray[np.int64]:
    """Return the number, from 0, of each image's training person, (N,); -1 for all other images.

    InputError when the split is missing or of other images.
    """
    train = _split(images, augmented)[0] == "train"
    number = np.full(len(train), -1)
    number[train] = np.unique(images.person[train], return_inverse=True)[1]
    return number


def _split(images: Images, augmented: Path) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Return part and role of each of the images, (N,) text."""
    source = augmented / SPLIT
    text = dict.fromkeys(("person", "part", "role"), pa.string())
    table = read_table(source, {"image": pa.int32(), **text})
    image = table["image"].to_numpy().astype(np.int64)
    same = table["person"].to_pylist() == images.person.tolist()
    if not same or not np.array_equal(image, np.arange(len(images.person))):
        raise InputError(f"{source}: a split of other images than ingested; run augment again")
    parts, roles = (np.asarray(table[name].to_pylist()) for name in ("part", "role"))
    return parts, roles
