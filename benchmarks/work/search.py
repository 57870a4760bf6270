"""One query in galleries of 10,000 and 1,000,000: shortlist and verdict, against every pair."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from benchmarks.rows import Curve, NotMeasured, Place, Ratio, seconds
from benchmarks.shortlists import TOP, agreement, enough, lengths, needed
from mtdnet.inference import search as searching
from mtdnet.inference.features import pixels
from mtdnet.inference.index_build import build
from mtdnet.inference.index_store import FEATURES, FILES, Store, reserve
from mtdnet.inference.nearest import by_torch, nearest
from mtdnet.inference.search import SHORTLIST, Gallery

IMAGES, QUERIES = 10_000, 100
SECONDS = 300  # for scoring every pair: as many queries as fit
SPREAD = 0.05  # of a drawn feature around a real one's, Euclidean
SIZES = (10_000, 100_000, 1_000_000)


def measure(place: Place) -> Iterator[Ratio | Curve]:
    """Yield the rows; the project's images stand on disk as files, indexed by its network."""
    if place.network is None or place.images is None:
        raise NotMeasured("it needs a trained network and ingested images: `make demo` has both")
    with patch.dict(os.environ, {"MTDNET_DEVICE": "cpu"}):
        queries = _files(place.images.parent, place.scratch)
        index = place.scratch / "index"
        build(place.scratch / "gallery", index, place.network)
        gallery = Gallery(index, place.network)
        yield from _pairs(gallery, queries, index, place)
        drawn = place.scratch / "drawn"
        points = []
        for size in SIZES:
            _draw(index, drawn, size)
            large = Gallery(drawn, place.network)
            ask = partial(large.rank, queries[0])
            points.append((size, seconds(ask, place.device.torch, repeat=1)))
        yield Curve(
            f"one query, shortlist of {SHORTLIST}, whose images are read",
            "gallery images, their features drawn around real ones",
            points,
            {"peak memory at the last, MB": _memory(queries[0], drawn, place.network)},
        )
        if find_spec("faiss"):
            yield _nearest(
                Store.open(drawn),
                gallery._describer.scorer.features(pixels(queries[:1], gallery._describer.size)),
            )


def _nearest(store: Store, point: Tensor) -> Ratio:
    """Compare FAISS with torch on one query's ranking feature (1, F)."""
    own, other = (
        seconds(partial(search, store.features, point.numpy(), SHORTLIST), point.device)
        for search in (nearest, by_torch)
    )
    work = f"nearest {SHORTLIST} of {len(store.features):,} features of {point.shape[1]}: FAISS"
    return Ratio(work, "blocks in torch", "queries", 1 / own, 1 / other)


def _pairs(gallery: Gallery, queries: list[Path], index: Path, place: Place) -> Iterator[Ratio]:
    """Compare the shortlist with every pair, both on the halves that the index keeps."""
    assert place.network is not None, "asked before"
    store, row = Store.open(index), {}
    for number, path in enumerate(store.files["path"].to_pylist()):
        row[Path(store.facts.images) / os.fsdecode(path)] = number
    near, once, spent, end = [], [], 0.0, monotonic() + SECONDS
    for query in queries:
        start = monotonic()
        with patch.object(searching, "FINALISTS", len(gallery)):
            found = gallery.rank(query, TOP, shortlist=len(gallery))
        spent += monotonic() - start
        best = np.array([row[file] for file, _ in found])
        point, halves = gallery._describer.scorer.describe(pixels([query], gallery._describer.size))
        near.append(needed(best, nearest(store.features, point.numpy(), len(gallery))[0]))
        every = gallery._rights(np.arange(len(gallery)), [])
        score = np.concatenate([gallery._describer.scorer.once(halves, some) for some in every])
        once.append(needed(best, np.argsort(-score, kind="stable")))
        if monotonic() > end:
            break
    needs = lengths(near, once)
    yield agreement(needs, SHORTLIST, len(gallery))
    for shortlist in (SHORTLIST, enough(needs)):
        start = monotonic()
        for query in queries[: len(needs)]:
            gallery.rank(query, shortlist=shortlist)
        yield Ratio(
            f"one query in {len(gallery):,} images, shortlist of {shortlist}",
            "every pair, on the same halves",
            "queries",
            len(needs) / (monotonic() - start),
            len(needs) / spent,
            notes={"peak memory, MB": _memory(queries[0], index, place.network)},
        )


def _files(ingested: Path, room: Path) -> list[Path]:
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


def _draw(index: Path, target: Path, size: int) -> None:
    """Make an index of ``size`` images: features drawn around the real ones, files repeated."""
    store, rng = Store.open(index), np.random.default_rng(0)
    facts = replace(store.facts, halves=0, done=size)
    target.mkdir(exist_ok=True)
    shape, kind = facts.arrays(size)[FEATURES]
    reserve(target / FEATURES, shape, kind)
    out = np.load(target / FEATURES, mmap_mode="r+")
    rows = np.arange(size) % len(store.files)
    for start in range(0, size, 50_000):
        real = store.features[rows[start : start + 50_000]]
        noise = rng.standard_normal(real.shape, np.float32)
        out[start : start + len(real)] = real + noise * (SPREAD / np.sqrt(real.shape[1]))
    pq.write_table(store.files.take(pa.array(rows)), target / FILES)
    facts.write(target)


# A process inherits its parent's peak: one that has none stands between.
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def _memory(query: Path, index: Path, network: Path) -> float:
    """Return the peak of resident memory, MB, of the whole command, mapped files included."""
    words = ["-m", "mtdnet", "rank", str(query), str(index), "--model", str(network)]
    asked = [sys.executable, "-c", PEAK, sys.executable, *words]
    done = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise NotMeasured(f"`python {' '.join(words)}` failed")
    return float(done.stdout)
