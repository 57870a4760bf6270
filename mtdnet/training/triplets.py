"""The list of triplets on disk as a sequence of batches."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtdnet.device import Device
from mtdnet.errors import InputError
from mtdnet.losses.batch import DeviceBatch
from mtdnet.tables import read_table
from mtdnet.training.augmentation import Transform
from mtdnet.training.batches import Batches
from mtdnet.training.parallel import Distributed

PARTS = ("anchor", "positive", "negative")


class Triplets:
    """Batches of ``size`` neighbouring rows of ``triplets.parquet``, in an order drawn per epoch.

    The order depends on ``seed`` and epoch alone, so that any step can be asked for by number.
    Neighbours stay together: a block of the list shares its images, and a batch computes each once.
    Rows that don't fill a last batch are left out. ``pixels``: the packed images. ``transform``:
    what changes the images of a batch, each once.
    """

    def __init__(
        self,
        batches: Batches,
        pixels: Tensor,
        device: Device,
        seed: int,
        transform: Transform | None = None,
    ) -> None:
        self._transform = transform
        self.batches, self.pixels, self.device, self.seed = batches, pixels, device, seed
        # Rows of the images are needed where the images are.
        self._images = batches.images.to(pixels.device)

    @classmethod
    def open(
        cls,
        augmented: Path,
        size: int,
        seed: int,
        pixels: Tensor,
        device: Device,
        group: Distributed,
        transform: Transform | None = None,
    ) -> "Triplets":
        """Read the list, of each batch this process's share.

        Raises InputError when it is missing, holds fewer rows than one batch or can't be shared.
        """
        source = augmented / "triplets.parquet"
        flags = dict.fromkeys((f"{part}_mirror" for part in PARTS), pa.bool_())
        table = read_table(source, dict.fromkeys(PARTS, pa.int32()) | flags)
        if len(table) < size:
            raise InputError(
                f"{source}: {len(table)} triplets are fewer than one batch; "
                f"set `triplets` to at most that, or `rounds` of augment higher"
            )
        for part in PARTS:
            column = table[part].to_numpy()
            if column.min() < 0 or column.max() >= len(pixels):
                raise InputError(
                    f"{source}: {part}: rows {column.min()} to {column.max()} of {len(pixels)} "
                    "images; run augment again"
                )
        rows = slice(len(table) // size * size)
        images, mirrors = (
            torch.stack(
                [
                    torch.from_numpy(table[part + end].to_numpy()[rows].astype(kind))
                    for part in PARTS
                ]
            )
            .view(3, -1, size)
            .swapaxes(0, 1)
            for end, kind in (("", np.int32), ("_mirror", np.bool_))
        )
        batches = Batches(group.share(images), group.share(mirrors), device.torch)
        return cls(batches, pixels, device, seed, transform)

    def __len__(self) -> int:
        return len(self.batches)

    def batch(self, step: int) -> DeviceBatch:
        """Return the batch of training step ``step``, counted from 0, with its images."""
        epoch, position = divmod(step, len(self.batches))
        number = int(_order(self.seed, epoch, len(self.batches))[position])
        pixels = self.pixels[self._images[number]]
        if self._transform is not None:
            pixels = self._transform(pixels)
        return DeviceBatch(self.batches[number], pixels.to(self.device.torch))


@lru_cache(maxsize=1)
def _order(seed: int, epoch: int, batches: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, epoch]).permutation(batches)
