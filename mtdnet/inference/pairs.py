"""Many pairs of images: each image is read and passed through the trunk once."""

from collections.abc import Callable, Hashable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtdnet.data.picture import Source, key
from mtdnet.inference.features import Describer, pixels
from mtdnet.scoring.extractor import Halves

BLOCK = 64  # pairs, and images, in memory at a time
IN_MEMORY = 256  # images whose halves stay while pairs are scored; 266 MB at the paper's width

Scores = NDArray[np.floating]
Progress = Callable[[int], object]


def pair_scores(
    describer: Describer, pairs: Sequence[tuple[Source, ...]], folds: int, progress: Progress
) -> Scores:
    """Return what the pair head gives each pair, (N,), not calibrated."""
    scores, halves = np.empty(len(pairs), np.float32), dict[Hashable, Tensor]()
    number = dict[Hashable, int]()
    place = [tuple(number.setdefault(key(one), len(number)) for one in pair) for pair in pairs]
    # So that pairs of the same images follow one another.
    order = sorted(range(len(pairs)), key=lambda n: place[n])
    for start in range(0, len(pairs), BLOCK):
        some = order[start : start + BLOCK]
        sides = [[pairs[n][side] for n in some] for side in (0, 1)]
        _hold(describer, halves, [image for side in sides for image in side], folds)
        left, right = (_of(halves, side) for side in sides)
        scores[some] = describer.scorer.matched(left, right, folds)
        progress(len(some))
    return scores


def _hold(
    describer: Describer, halves: dict[Hashable, Tensor], images: Sequence[Source], folds: int
) -> None:
    """Add to the halves in memory (2 sides, mirrors, h, w, C) an image, those that lack there."""
    wanted = {key(image): image for image in images}
    lacking = [image for known, image in wanted.items() if known not in halves]
    for known in [known for known in halves if known not in wanted]:
        if len(halves) + len(lacking) <= IN_MEMORY:
            break
        del halves[known]  # the one that came first
    mirrors = (False, True) if folds == 8 else (False,)
    for block in (lacking[start : start + BLOCK] for start in range(0, len(lacking), BLOCK)):
        some = pixels(block, describer.size)
        sides = torch.stack(describer.scorer.halves(some, mirrors))
        each = sides.view(2, len(mirrors), len(block), *sides.shape[2:]).unbind(2)
        # Copies: a view would keep its whole block in memory.
        halves.update(zip(map(key, block), (one.contiguous() for one in each), strict=True))


def _of(halves: dict[Hashable, Tensor], images: Sequence[Source]) -> Halves:
    """Return the halves of images, as ``Scorer.halves`` does."""
    left, right = torch.stack([halves[key(image)] for image in images], 2).flatten(1, 2)
    return left, right
