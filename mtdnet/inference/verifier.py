"""Same person? The verdict of a trained network on image files, as pairs or as a ranked gallery."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from mtdnet import device
from mtdnet.data.pixels import SIDE
from mtdnet.errors import InputError
from mtdnet.inference.features import pixels
from mtdnet.inference.image_files import readable
from mtdnet.metrics.calibration import calibrated
from mtdnet.networks import serialization
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.scoring.scorer import MIRRORS, Scorer

BLOCK = 64  # pairs, or images of a gallery, in memory at a time

Scores = NDArray[np.floating]


class Verifier:
    """Answers for one trained network, a ``network.safetensors``; InputError when it is none.

    ``measure`` is "probability" for a network with a pair head. Another one only ranks: by
    "distance", that of its ranking features.
    """

    def __init__(self, network: Path) -> None:
        kept = serialization.load(network)
        nothing = torch.empty(0, SIDE, SIDE, 3, dtype=torch.uint8)
        self._scorer = Scorer(kept.network, nothing, device.choose())
        own = isinstance(kept.network, MTDnet)
        self._temperature = (kept.temperature or 1.0) if own else None
        self._name = str(network)
        self.measure = "distance" if self._temperature is None else "probability"

    def probability(self, left: Sequence[Path], right: Sequence[Path]) -> Scores:
        """Return the calibrated P(same person) of each pair of image files, (N,) in [0, 1].

        It answers for a prior of one half. The eight-fold score of the paper's test, so the order
        in a pair doesn't matter. Raises InputError when the network only ranks, the lists differ
        in length, or a file is missing or no image.
        """
        if self._temperature is None:
            raise InputError(
                f"{self._name}: this network only ranks, it has no pair head; name another one"
            )
        if len(left) != len(right):
            raise InputError(f"{len(left)} left and {len(right)} right images make no pairs")
        found: list[Scores] = [np.empty(0)]
        with _bar(len(left), "pairs") as bar:
            for start in range(0, len(left), BLOCK):
                pairs = left[start : start + BLOCK], right[start : start + BLOCK]
                found.append(self._calibrated(self._matched(*pairs)))
                bar.update(len(pairs[0]))
        return np.concatenate(found)

    def rank(self, query: Path, gallery: Sequence[Path]) -> Scores:
        """Return the score (G,) of each image file of a gallery with the query, by ``measure``.

        Probabilities as of ``probability``, higher is more alike; or squared distances in [0, 4],
        lower is more alike; NaN for a file of the gallery that can't be read, which is named on
        standard error. Memory is bounded, whatever the gallery's size. Raises InputError when the
        query is missing or no image.
        """
        found: list[Scores] = [np.empty(0)]
        asked = pixels([query])
        with _bar(len(gallery), "images") as bar:
            for start in range(0, len(gallery), BLOCK):
                files = gallery[start : start + BLOCK]
                rows, there = readable(files, pixels)
                scores = np.full(len(files), np.nan)
                if there is not None:
                    self._scorer.pixels = torch.cat([asked, there])
                    scores[rows] = self._against(np.arange(1, len(rows) + 1))
                found.append(scores)
                bar.update(len(files))
        return np.concatenate(found)

    def _matched(self, left: Sequence[Path], right: Sequence[Path]) -> Scores:
        files = sorted({*left, *right})
        self._scorer.pixels = pixels(files)
        row = {path: number for number, path in enumerate(files)}
        first, second = (np.array([row[path] for path in side]) for side in (left, right))
        return self._scorer.matched(first, second)

    def _against(self, rows: NDArray[np.int64]) -> Scores:
        """Return the score (R,) of row 0 of the pixels, the query, with each of ``rows``."""
        query = np.array([0])
        if self.measure == "distance":
            distances: Scores = self._scorer.distances(query, rows)[0]
            return distances
        asked, gallery = (self._scorer.halves(some, MIRRORS) for some in (query, rows))
        return self._calibrated(self._scorer.against(asked, gallery))

    def _calibrated(self, probability: Scores) -> Scores:
        assert self._temperature is not None, "no probability"
        # float64: in float32 a low temperature makes ties of what is nearly 1
        scores: Scores = calibrated(probability, self._temperature)
        return scores


def _bar(total: int, unit: str) -> "tqdm[NoReturn]":
    """Return a bar that a person at a terminal sees once the work takes a second."""
    return tqdm(total=total, unit=f" {unit}", desc="score", delay=1, disable=None, leave=False)
