"""One query in an indexed gallery: shortlist and verdict, against every pair."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.rows import NotMeasured, Place, Ratio, seconds
from mtdnet.inference import search as searching
from mtdnet.inference.index_build import build
from mtdnet.inference.search import SHORTLIST, Gallery

IMAGES, QUERIES, TOP = 10_000, 10, 10


def measure(place: Place) -> Iterator[Ratio]:
    """Index the project's images as files, by its network; ask both ways for each query."""
    if place.network is None or place.images is None:
        raise NotMeasured("it needs a trained network and ingested images: `make demo` has both")
    with patch.dict(os.environ, {"MTDNET_DEVICE": "cpu"}):
        queries = files(place.images.parent, place.scratch)
        build(place.scratch / "gallery", place.scratch / "index", place.network)
        gallery = Gallery(place.scratch / "index", place.network)
        everything = partial(gallery.rank, top=TOP, shortlist=len(gallery))
        with patch.object(searching, "FINALISTS", len(gallery)):
            best = [{file for file, _ in everything(query)} for query in queries]
            other = seconds(lambda: everything(queries[0]), place.device.torch, repeat=1)
        own = seconds(lambda: gallery.rank(queries[0], TOP), place.device.torch)
        alike = [
            {file for file, _ in gallery.rank(query, TOP)} == every
            for query, every in zip(queries, best, strict=True)
        ]
    yield Ratio(
        f"one query in {len(gallery):,} images, shortlist of {SHORTLIST}",
        "every pair, on the same halves",
        "queries",
        1 / own,
        1 / other,
        notes={f"queries with the same top {TOP}": f"{sum(alike)} of {len(alike)}"},
    )


def files(ingested: Path, room: Path) -> list[Path]:
    """Write a gallery of the ingested benchmarks' images; return query files beside it."""
    found: list[NDArray[np.uint8]] = []
    for folder in sorted(ingested.iterdir()):
        found.extend(np.load(folder / "images.npy", mmap_mode="r"))
    order = np.random.default_rng(0).permutation(len(found))[: IMAGES + QUERIES]
    queries = []
    for number, i in enumerate(order):
        place = room / ("queries" if number < min(QUERIES, len(order) // 2) else "gallery")
        place.mkdir(exist_ok=True)
        file = place / f"{number:05}.bmp"
        Image.fromarray(found[i]).save(file)
        queries += [file] if place.name == "queries" else []
    return queries
