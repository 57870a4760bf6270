"""One query in galleries of 10,000 and 1,000,000 on a GPU: shortlist and verdict, against all."""

from collections.abc import Iterator
from time import perf_counter
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.rows import NotMeasured, Place, Ratio, seconds
from benchmarks.shortlists import TOP, agreement, lengths, needed
from mtdnet.inference.features import Describer
from mtdnet.inference.search import FINALISTS, SHORTLIST

IMAGES, VARIANTS, QUERIES = 10_000, 100, 100
BLOCK = 1000  # images whose halves are in memory at a time; few shapes, each is compiled
SECONDS = 30  # for scoring every pair of a gallery: as many queries as fit


def measure(place: Place) -> Iterator[Ratio]:
    """Yield the rows: every image of the project stands there shifted and brightened."""
    if place.network is None or place.images is None:
        raise NotMeasured("it needs a trained network and ingested images")
    describer, device = Describer(place.network), place.device.torch
    describer.scorer.logits = torch.compile(describer.scorer.logits, dynamic=False)
    pixels = torch.from_numpy(np.load(place.images / "images.npy", mmap_mode="c")[:])
    order = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(0))
    count = min(QUERIES, len(pixels) // 10)
    queries = pixels[order[:count]].to(device)
    base = pixels[order[count : count + IMAGES]].to(device)
    rows = torch.arange(IMAGES * VARIANTS, device=device)
    features = torch.cat(
        [describer.scorer.features(drawn(base, some)) for some in torch.split(rows, BLOCK)]
    )
    points = describer.scorer.features(queries)
    for size in (IMAGES, IMAGES * VARIANTS):
        found, spent = _every(describer, base, queries, rows[:size])
        near = (points[: len(found.best)] @ features[:size].T).argsort(descending=True).cpu()
        firsts = np.argsort(-found.once, kind="stable")
        needs = [
            [needed(best, order) for best, order in zip(found.best, orders, strict=True)]
            for orders in (near.numpy(), firsts)
        ]
        yield agreement(lengths(*needs), SHORTLIST, size)
        yield _asked(describer, base, queries[:1], features[:size], len(found.best) / spent)


def _asked(
    describer: Describer, base: Tensor, query: Tensor, features: Tensor, every: float
) -> Ratio:
    """Time one query's shortlist and verdict; ``every``: queries a second with every pair."""

    def ask() -> None:
        point, halves = describer.scorer.describe(query)
        near = (features @ point[0]).topk(min(SHORTLIST, len(features))).indices
        left, right = _halves(describer, drawn(base, near))
        first = describer.scorer.once(halves, right[: len(near)])
        best = torch.from_numpy(np.argsort(-first)[:FINALISTS].copy())
        both = torch.cat([best, best + len(near)]).to(query.device)
        describer.scorer.against(halves, (left[both], right[both]))

    if query.is_cuda:
        torch.cuda.reset_peak_memory_stats()
    own = seconds(ask, query.device)
    notes: dict[str, float] = {"ranking features, GB": features.nbytes / 1e9}
    if query.is_cuda:
        notes["peak memory with them and the pixels, GB"] = torch.cuda.max_memory_allocated() / 1e9
    return Ratio(
        f"one query in {len(features):,} images, {FINALISTS} finalists of a shortlist of "
        f"{SHORTLIST} passed through the trunk",
        "every pair, halves at hand, compiled tail",
        "queries",
        1 / own,
        every,
        notes=notes,
    )


def drawn(base: Tensor, rows: Tensor) -> Tensor:
    """Return images of the large gallery, uint8 (R, 227, 227, 3).

    Row r is image r % B of the base (B, ...), in the variant r // B: of B 10,000 there are a
    hundred, shifted by -9 to 9 pixels either way, at 0.7 to 1.3 of its brightness.
    """
    image, variant = rows % len(base), rows // len(base)
    side = torch.arange(base.shape[1], device=base.device)
    down = (side + 2 * (variant[:, None] % 10) - 9).clamp(0, base.shape[1] - 1)
    across = (side + 2 * (variant[:, None] // 10) - 9).clamp(0, base.shape[1] - 1)
    moved = base[image[:, None, None], down[:, :, None], across[:, None, :]]
    bright = 0.7 + 0.6 * ((7 * variant) % VARIANTS) / (VARIANTS - 1)
    return (moved.float() * bright[:, None, None, None]).clamp(0, 255).to(torch.uint8)


class Every(NamedTuple):
    """Of Q queries, the ``best`` rows (Q, 10) by every pair, and each pair's score by one pass."""

    best: NDArray[np.int64]
    once: NDArray[np.float32]


def _every(
    describer: Describer, base: Tensor, queries: Tensor, rows: Tensor
) -> tuple[Every, float]:
    """Score every pair, eight-fold and by one pass; return the seconds that eight-fold took.

    Q: how many of the queries fit into the time, by that of one block.
    """
    asked, blocks = [_halves(describer, query[None]) for query in queries], torch.split(rows, BLOCK)
    others = _halves(describer, drawn(base, blocks[0]))
    scorer = describer.scorer
    # Scores come as NumPy's, so the device has finished.
    each = seconds(lambda: scorer.against(asked[0], others), base.device) * len(blocks)
    asked = asked[: max(1, int(SECONDS / each))]
    every, once, spent = [], [], 0.0
    for some in blocks:
        others = _halves(describer, drawn(base, some))
        start = perf_counter()
        every.append(np.stack([scorer.against(one, others) for one in asked]))
        spent += perf_counter() - start
        once.append(np.stack([scorer.once(one, others[1][: len(some)]) for one in asked]))
    best = np.argsort(-np.concatenate(every, 1), kind="stable")[:, :TOP]
    return Every(best, np.concatenate(once, 1)), spent


def _halves(describer: Describer, pixels: Tensor) -> tuple[Tensor, Tensor]:
    halves = describer.scorer.halves(pixels)
    if pixels.is_cuda:
        torch.cuda.synchronize()
    return halves
