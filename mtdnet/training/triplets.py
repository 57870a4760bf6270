"""The list of triplets on disk as a sequence of batches."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtdnet.batch import Batch
from mtdnet.errors import InputError
from mtdnet.tables import read_table

PARTS = ("anchor", "positive", "negative")


class Triplets:
    """Batches of ``size`` neighbouring rows of ``triplets.parquet``, in an order drawn per epoch.

    The order depends on ``seed`` and epoch alone, so that any step can be asked for by number.
    Neighbours stay together: a block of the list shares its images, and a batch computes each once.
    Rows that don't fill a last batch are left out.
    """

    def __init__(self, images: Tensor, mirrors: Tensor, size: int, seed: int) -> None:
        self.images, self.mirrors, self.size, self.seed = images, mirrors, size, seed
        self.batches = images.shape[1] // size

    @classmethod
    def open(cls, augmented: Path, size: int, seed: int) -> "Triplets":
        """Read the list; InputError when it is missing or holds fewer rows than one batch."""
        source = augmented / "triplets.parquet"
        table = read_table(source, [*PARTS, *(f"{part}_mirror" for part in PARTS)])
        images = np.stack([table[part].to_numpy() for part in PARTS]).astype(np.int64)
        mirrors = np.stack([table[f"{part}_mirror"].to_numpy() for part in PARTS])
        if len(table) < size:
            raise InputError(
                f"{source}: {len(table)} triplets are fewer than one batch; "
                f"set `triplets` to at most that, or `rounds` of augment higher"
            )
        return cls(torch.from_numpy(images), torch.from_numpy(mirrors), size, seed)

    def batch(self, step: int) -> Batch:
        """Return the batch of training step ``step``, counted from 0."""
        epoch, position = divmod(step, self.batches)
        start = int(_order(self.seed, epoch, self.batches)[position]) * self.size
        rows = slice(start, start + self.size)
        return Batch.of(self.images[:, rows], self.mirrors[:, rows])


@lru_cache(maxsize=1)
def _order(seed: int, epoch: int, batches: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, epoch]).permutation(batches)
