"""Same person? The verdict of a trained network on pairs of image files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mtdnet import device
from mtdnet.data.pixels import SIDE, read_files, resized
from mtdnet.errors import InputError
from mtdnet.networks import keep
from mtdnet.scoring import Scorer

PAIRS = 128  # in memory at a time


class Verifier:
    """Answers for one trained network, a ``network.safetensors``; InputError when it is none."""

    def __init__(self, network: Path) -> None:
        nothing = torch.empty(0, SIDE, SIDE, 3, dtype=torch.uint8)
        self._scorer = Scorer(keep.load(network).network, nothing, device.choose())

    def probability(self, left: Sequence[Path], right: Sequence[Path]) -> NDArray[np.float32]:
        """Return P(same person) of each pair of image files, (N,) in [0, 1].

        The eight-fold score of the paper's test, so the order in a pair doesn't matter. Raises
        InputError when the lists differ in length or a file is missing or no image.
        """
        if len(left) != len(right):
            raise InputError(f"{len(left)} left and {len(right)} right images make no pairs")
        starts = range(0, len(left), PAIRS)
        parts = [self._some(left[i : i + PAIRS], right[i : i + PAIRS]) for i in starts]
        return np.concatenate([np.empty(0, np.float32), *parts])

    def _some(self, left: Sequence[Path], right: Sequence[Path]) -> NDArray[np.float32]:
        files = sorted({str(path) for path in (*left, *right)})
        pixels = np.stack([resized(image) for image, _ in read_files(Path(), files)])
        self._scorer.pixels = torch.from_numpy(pixels)
        row = {name: number for number, name in enumerate(files)}
        first, second = (np.array([row[str(path)] for path in side]) for side in (left, right))
        return self._scorer.matched(first, second)
