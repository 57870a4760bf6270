"""CMC and mAP at the size of Market-1501."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import NotMeasured, Place, Ratio, seconds
from mtdnet.metrics.cmc import cmc, retrieval

# torchreid's compiled ranking, which its own distribution lacks.
DISTRIBUTION = "pyppbox-torchreid==1.4.1.0"
QUERIES, GALLERY, PERSONS, DISTRACTORS, CAMERAS, TOP = 3368, 15913, 750, 2798, 6, 50

Ints = NDArray[np.int64]
Setting = tuple[NDArray[np.float32], Ints, Ints, Ints, Ints]
Figures = tuple[NDArray[np.floating], float]


def measure(place: Place) -> Iterator[Ratio]:
    """Compare with torchreid's compiled ranking, in one process each."""
    compiled = _theirs(place.scratch)
    setting = market()
    cost, *codes = setting
    names = [code.astype(str) for code in codes]
    device = place.device.torch
    curve, precision = compiled.evaluate_cy(*setting, TOP, False)  # their order of arguments
    own_curve, own_precision = figures(cost, names)
    yield Ratio(
        "CMC and mAP",
        "torchreid's compiled",
        "queries",
        QUERIES / seconds(lambda: figures(cost, names), device, repeat=5),
        QUERIES / seconds(lambda: compiled.evaluate_cy(*setting, TOP, False), device),
        reach=10,
        notes={
            "pairs": f"{QUERIES:,} x {GALLERY:,}",
            "mAP": own_precision,
            "largest CMC difference": float(np.abs(curve - own_curve).max()),
            "mAP difference": abs(float(precision) - own_precision),
            "theirs from": DISTRIBUTION,
        },
    )


def figures(cost: NDArray[np.float32], names: list[NDArray[np.str_]]) -> Figures:
    """Return the CMC curve up to rank 50 and mAP, in one pass as a test of a system has them."""
    found, precision, _ = retrieval(cost, *names)
    return cmc(found, TOP), float(precision[found > 0].mean())


def market(seed: int = 0, queries: int = QUERIES, gallery: int = GALLERY) -> Setting:
    """Return costs, persons and cameras of the benchmark's size, true matches in the best 64th.

    No two costs of a query are equal: on ties the two sides differ by definition. Person and
    camera agree for some images (passed over); the last person is no query's (distractors).
    """
    rng = np.random.default_rng(seed)
    who, whom = rng.integers(0, PERSONS, queries), rng.integers(0, PERSONS, gallery)
    whom[rng.permutation(gallery)[: gallery * DISTRACTORS // GALLERY]] = PERSONS
    where, there = rng.integers(0, CAMERAS, queries), rng.integers(0, CAMERAS, gallery)
    cost = rng.permuted(np.tile(np.arange(gallery, dtype=np.float32), (queries, 1)), axis=1)
    same = who[:, None] == whom
    cost[same] = cost[same] / 64 + 1 / 128
    return cost, who, whom, where, there


def _theirs(scratch: Path) -> Any:
    """Install torchreid's ranking aside; return its compiled module alone."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:")
    done = subprocess.run(
        [*pip, f"--target={scratch}", DISTRIBUTION], capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines() or ["pip failed"]
        raise NotMeasured(f"{DISTRIBUTION} can't be installed here: {reason[-1]}")
    for library in (scratch / "pyppbox_torchreid" / "metrics" / "rank_cylib").glob("rank_cy.*"):
        spec = spec_from_file_location("rank_cy", library)
        if spec and spec.loader:
            module = module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
    raise NotMeasured(f"{DISTRIBUTION} has no compiled ranking for this Python")
