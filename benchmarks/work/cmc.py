"""CMC and mAP at the size of Market-1501."""

import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import NotMeasured, Place, Ratio, seconds
from mtdnet.metrics.cmc import cmc, retrieval

# torchreid's ranking, plain and compiled; torchreid's own distribution lacks the compiled one.
DISTRIBUTION = "pyppbox-torchreid==1.4.1.0"
QUERIES, GALLERY, PERSONS, DISTRACTORS, CAMERAS, TOP = 3368, 15913, 750, 2798, 6, 50

Ints = NDArray[np.int64]
Setting = tuple[NDArray[np.float32], Ints, Ints, Ints, Ints]
Figures = tuple[NDArray[np.floating], float]


def measure(place: Place) -> Iterator[Ratio]:
    """Compare with torchreid's ranking in Python and its compiled one, in one process each."""
    plain, compiled = _theirs(place.scratch)
    setting = market()
    cost, who, whom, where, there = setting
    names = [codes.astype(str) for codes in (who, whom, where, there)]
    # Their argument order is that of ``Setting``.
    kinds: list[tuple[str, float, Callable[[], Figures], bool]] = [
        ("torchreid's Python", 100, lambda: plain.eval_market1501(*setting, TOP), False),
        ("torchreid's compiled", 10, lambda: compiled.evaluate_cy(*setting, TOP, False), True),
    ]
    for against, reach, theirs, again in kinds:
        start = perf_counter()
        curve, precision = theirs()
        spent = perf_counter() - start
        if again:
            spent = min(spent, seconds(theirs, place.device.torch))
        own_curve, own_precision = figures(cost, names)
        yield Ratio(
            "CMC and mAP",
            against,
            "queries",
            QUERIES / seconds(lambda: figures(cost, names), place.device.torch, repeat=5),
            QUERIES / spent,
            reach,
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
    found, precision = retrieval(cost, *names)
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


def _theirs(scratch: Path) -> tuple[ModuleType, ModuleType]:
    """Install torchreid's ranking aside; return its Python and its compiled module."""
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:")
    done = subprocess.run(
        [*pip, f"--target={scratch}", DISTRIBUTION], capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = done.stderr.strip().splitlines() or ["pip failed"]
        raise NotMeasured(f"{DISTRIBUTION} can't be installed here: {reason[-1]}")
    metrics = scratch / "pyppbox_torchreid" / "metrics"
    libraries = sorted((metrics / "rank_cylib").glob("rank_cy.*"))
    if not libraries:
        raise NotMeasured(f"{DISTRIBUTION} has no compiled ranking for this Python")
    return _module("rank", metrics / "rank.py"), _module("rank_cy", libraries[0])


def _module(name: str, file: Path) -> Any:
    """Load one file of the package alone, without all that the package imports."""
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise NotMeasured(f"{file.name} can't be loaded")
    module = module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for its compiled part, which is loaded alone
        spec.loader.exec_module(module)
    return module
