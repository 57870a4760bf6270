"""Same person? The verdict of a trained network on image files, as pairs or as a ranked gallery."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from mtdnet.errors import InputError
from mtdnet.inference.features import Describer, pixels
from mtdnet.inference.image_files import readable
from mtdnet.scoring.scorer import Halves, squared_distances

BLOCK = 64  # pairs, or images of a gallery, in memory at a time
HELD = 256  # images whose halves are kept while pairs are scored; 266 MB at the paper's width

Scores = NDArray[np.floating]


class Verifier:
    """Answers for one trained network, a ``network.safetensors``; InputError when it is none.

    It keeps nothing of a question: threads may share one. ``measure`` is "probability" for a
    network with a pair head. Another one only ranks: by "distance", that of its ranking features.
    """

    def __init__(self, network: Path) -> None:
        self._describer = Describer(network)
        self.measure = self._describer.measure

    def probability(self, left: Sequence[Path], right: Sequence[Path]) -> Scores:
        """Return the calibrated P(same person) of each pair of image files, (N,) in [0, 1].

        It answers for a prior of one half. The eight-fold score of the paper's test, so the order
        in a pair doesn't matter. A file that stands in several pairs is read and passed through
        the trunk once, among ``HELD`` of them. Raises InputError when the network only ranks, the
        lists differ in length, or a file is missing or no image.
        """
        if self.measure != "probability":
            raise InputError(
                f"{self._describer.source}: this network only ranks, it has no pair head; "
                "name another one"
            )
        if len(left) != len(right):
            raise InputError(f"{len(left)} left and {len(right)} right images make no pairs")
        found, held = np.empty(len(left), np.float32), dict[Path, Tensor]()
        # By name, so that pairs of the same images follow one another.
        order = sorted(range(len(left)), key=lambda n: (left[n], right[n]))
        with _bar(len(left), "pairs") as bar:
            for start in range(0, len(left), BLOCK):
                some = order[start : start + BLOCK]
                sides = [[files[n] for n in some] for files in (left, right)]
                self._hold(held, [file for side in sides for file in side])
                found[some] = self._describer.scorer.matched(*(_of(held, side) for side in sides))
                bar.update(len(some))
        return self._describer.calibrated(found)

    def rank(self, query: Path, gallery: Sequence[Path]) -> Scores:
        """Return the score (G,) of each image file of a gallery with the query, by ``measure``.

        Probabilities as of ``probability``, higher is more alike; or squared distances in [0, 4],
        lower is more alike; NaN for a file of the gallery that can't be read, which is named on
        standard error. Memory is bounded, whatever the gallery's size. Raises InputError when the
        query is missing or no image.
        """
        found: list[Scores] = [np.empty(0)]
        score = self._against(pixels([query], self._describer.size))
        with _bar(len(gallery), "images") as bar:
            for start in range(0, len(gallery), BLOCK):
                files = gallery[start : start + BLOCK]
                rows, images = readable(files, lambda some: pixels(some, self._describer.size))
                scores = np.full(len(files), np.nan)
                if images is not None:
                    scores[rows] = score(images)
                found.append(scores)
                bar.update(len(files))
        return np.concatenate(found)

    def _against(self, query: Tensor) -> Callable[[Tensor], Scores]:
        """Return what scores images (G, ...) against one query (1, ...)."""
        describer, scorer = self._describer, self._describer.scorer
        if self.measure == "distance":
            point = scorer.features(query)
            return lambda images: squared_distances(point, scorer.features(images))[0]
        own = scorer.halves(query)
        return lambda images: describer.calibrated(scorer.against(own, scorer.halves(images)))

    def _hold(self, held: dict[Path, Tensor], files: Sequence[Path]) -> None:
        """Add to what is held (2 sides, 2 mirrors, h, w, C) a file, those that lack there."""
        lacking = sorted(set(files) - held.keys())
        for file in [file for file in held if file not in set(files)]:
            if len(held) + len(lacking) <= HELD:
                break
            del held[file]  # the one that came first
        for block in (lacking[start : start + BLOCK] for start in range(0, len(lacking), BLOCK)):
            images = pixels(block, self._describer.size)
            sides = torch.stack(self._describer.scorer.halves(images))
            each = sides.view(2, 2, len(block), *sides.shape[2:]).unbind(2)
            # Copies: a view would keep its whole block in memory.
            held.update(zip(block, (one.contiguous() for one in each), strict=True))


def _of(held: dict[Path, Tensor], files: Sequence[Path]) -> Halves:
    """Return the halves of files, as ``Scorer.halves`` does."""
    left, right = torch.stack([held[file] for file in files], 2).flatten(1, 2)
    return left, right


def _bar(total: int, unit: str) -> "tqdm[NoReturn]":
    """Return a bar that a person at a terminal sees once the work takes a second."""
    return tqdm(total=total, unit=f" {unit}", desc="score", delay=1, disable=None, leave=False)
