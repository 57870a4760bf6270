"""Triplets of several benchmarks in one training."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mtdnet.losses.batch import DeviceBatch

Rows = NDArray[np.int64]


class Lists(Protocol):
    """Batches of triplets, any of them by the number of its step."""

    def __len__(self) -> int:
        """Return how many batches an epoch has."""

    def batch(self, step: int) -> DeviceBatch:
        """Return the batch of training step ``step``, counted from 0."""


class Mixture:
    """Several lists, each step from one: an epoch takes every batch of each once, in random order.

    Whose turn it is depends on ``seed`` and epoch alone. A list is asked for its batches in its own
    order, so that it stands as if it were trained on alone.
    """

    def __init__(self, lists: Sequence[Lists], seed: int) -> None:
        self.lists, self.seed = lists, seed
        self._sizes = tuple(len(each) for each in lists)

    def __len__(self) -> int:
        return sum(self._sizes)

    def turn(self, step: int) -> tuple[int, int]:
        """Return which list has a step, and the step's number in that list."""
        epoch, position = divmod(step, len(self))
        which, earlier = _turns(self.seed, epoch, self._sizes)
        own = int(which[position])
        return own, epoch * self._sizes[own] + int(earlier[position])

    def batch(self, step: int) -> DeviceBatch:
        """Return the batch of training step ``step``, counted from 0, with its images."""
        own, number = self.turn(step)
        return self.lists[own].batch(number)


@lru_cache(maxsize=1)
def _turns(seed: int, epoch: int, sizes: tuple[int, ...]) -> tuple[Rows, Rows]:
    """Return of each step of an epoch its list, and how many steps of that list came before."""
    which = np.random.default_rng([seed, epoch]).permutation(np.repeat(range(len(sizes)), sizes))
    earlier = np.empty(len(which), np.int64)
    for number, size in enumerate(sizes):
        earlier[which == number] = np.arange(size)
    return which, earlier
