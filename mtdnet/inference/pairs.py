"""Many pairs of images: each image is read and passed through the trunk once."""

from collections.abc import Callable, Hashable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtdnet.data.picture import Source, key
from mtdnet.inference.features import Describer, pixels
from mtdnet.scoring.scorer import Halves

BLOCK = 64  # pairs, and images, in memory at a time
HELD = 256  # images whose halves are kept while pairs are scored; 266 MB at the paper's width

Scores = NDArray[np.floating]
Seen = Callable[[int], object]


def passed(
    describer: Describer, pairs: Sequence[tuple[Source, ...]], folds: int, seen: Seen
) -> Scores:
    """Return what the pair head gives each pair, (N,), not calibrated."""
    found, held = np.empty(len(pairs), np.float32), dict[Hashable, Tensor]()
    number = dict[Hashable, int]()
    place = [tuple(number.setdefault(key(one), len(number)) for one in pair) for pair in pairs]
    # So that pairs of the same images follow one another.
    order = sorted(range(len(pairs)), key=lambda n: place[n])
    for start in range(0, len(pairs), BLOCK):
        some = order[start : start + BLOCK]
        sides = [[pairs[n][side] for n in some] for side in (0, 1)]
        _hold(describer, held, [image for side in sides for image in side], folds)
        left, right = (_of(held, side) for side in sides)
        found[some] = describer.scorer.matched(left, right, folds)
        seen(len(some))
    return found


def _hold(
    describer: Describer, held: dict[Hashable, Tensor], images: Sequence[Source], folds: int
) -> None:
    """Add to what is held (2 sides, mirrors, h, w, C) an image, those that lack there."""
    asked = {key(image): image for image in images}
    lacking = [image for known, image in asked.items() if known not in held]
    for known in [known for known in held if known not in asked]:
        if len(held) + len(lacking) <= HELD:
            break
        del held[known]  # the one that came first
    mirrors = (False, True) if folds == 8 else (False,)
    for block in (lacking[start : start + BLOCK] for start in range(0, len(lacking), BLOCK)):
        some = pixels(block, describer.size)
        sides = torch.stack(describer.scorer.halves(some, mirrors))
        each = sides.view(2, len(mirrors), len(block), *sides.shape[2:]).unbind(2)
        # Copies: a view would keep its whole block in memory.
        held.update(zip(map(key, block), (one.contiguous() for one in each), strict=True))


def _of(held: dict[Hashable, Tensor], images: Sequence[Source]) -> Halves:
    """Return the halves of images, as ``Scorer.halves`` does."""
    left, right = torch.stack([held[key(image)] for image in images], 2).flatten(1, 2)
    return left, right
