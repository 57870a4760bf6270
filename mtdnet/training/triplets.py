"""The list of triplets on disk as a sequence of batches."""

from dataclasses import dataclass
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
from mtdnet.protocol.triplets import STREAMS, TRIPLETS
from mtdnet.tables import read_table
from mtdnet.training.augmentation import Transform
from mtdnet.training.batches import Batches
from mtdnet.training.parallel import Distributed


@dataclass
class Triplets:
    """Batches of ``size`` neighbouring rows of ``triplets.parquet``, in an order drawn per epoch.

    The order depends on ``seed`` and epoch alone, so that any step can be asked for by number.
    Neighbours stay together: a block of the list shares its images, and a batch computes each once.
    Rows that don't fill a last batch are left out. ``pixels``: the packed images. ``transform``:
    what changes the images of a batch, each once. ``person``: (R,) int64, the number of each
    image's training person, for the identity loss.
    """

    batches: Batches
    pixels: Tensor
    device: Device
    seed: int
    transform: Transform | None = None
    person: Tensor | None = None

    def __post_init__(self) -> None:
        # Rows of the images are needed where the images are.
        self._images = self.batches.images.to(self.pixels.device)

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
        person: Tensor | None = None,
    ) -> "Triplets":
        """Read the list, of each batch this process's share.

        Raises InputError when it is missing, holds fewer rows than one batch or can't be shared.
        """
        rows = read(augmented, len(pixels))
        if len(rows[0]) < size:
            raise InputError(
                f"{augmented / TRIPLETS}: {len(rows[0])} triplets are fewer than one batch; "
                f"set `triplets` to at most that, or `rounds` of augment higher"
            )
        batches = in_batches(*rows, size, device, group)
        return cls(batches, pixels, device, seed, transform, person)

    def __len__(self) -> int:
        return len(self.batches)

    def batch(self, step: int) -> DeviceBatch:
        """Return the batch of training step ``step``, counted from 0, with its images."""
        epoch, position = divmod(step, len(self.batches))
        number = int(_order(self.seed, epoch, len(self.batches))[position])
        rows, person = self._images[number], None
        pixels = self.pixels.index_select(0, rows)  # as [rows], in an eighth of the time
        if self.person is not None:
            person = self.person[rows].to(self.device.torch)
        if self.transform is not None:
            pixels = self.transform(pixels)
        return DeviceBatch(self.batches[number], pixels.to(self.device.torch), person)


def read(augmented: Path, images: int) -> tuple[Tensor, Tensor]:
    """Return the list of triplets as rows of ``images`` images, (T, 3) int32, and mirror flags.

    Raises InputError when it is missing or names images that are not there.
    """
    source = augmented / TRIPLETS
    flags = dict.fromkeys((f"{stream}_mirror" for stream in STREAMS), pa.bool_())
    table = read_table(source, dict.fromkeys(STREAMS, pa.int32()) | flags)
    for stream in STREAMS:
        column = table[stream].to_numpy()
        if len(column) and not 0 <= column.min() <= column.max() < images:
            raise InputError(
                f"{source}: {stream}: rows {column.min()} to {column.max()} of {images} "
                "images; run augment again"
            )
    rows, mirrors = (
        torch.from_numpy(np.stack([table[stream + end].to_numpy() for stream in STREAMS], axis=1))
        for end in ("", "_mirror")
    )
    return rows, mirrors


def in_batches(
    rows: Tensor, mirrors: Tensor, size: int, device: Device, group: Distributed
) -> Batches:
    """Return batches of ``size`` neighbouring rows (T, 3), of each this process's share."""
    count = len(rows) // size
    images, flags = (
        part[: count * size].view(count, size, 3).swapaxes(1, 2) for part in (rows, mirrors)
    )
    return Batches(group.share(images), group.share(flags), device.torch)


@lru_cache(maxsize=1)
def _order(seed: int, epoch: int, batches: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, epoch]).permutation(batches)
