"""What a training reads: images, persons, and the batches of target and source."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mtdnet.data.images import Images
from mtdnet.device import Device
from mtdnet.errors import InputError
from mtdnet.params import Augment
from mtdnet.protocol.query_gallery import training_persons
from mtdnet.training.augmentation import Transform
from mtdnet.training.hard_negatives import HardBlocks
from mtdnet.training.mixture import Lists, Mixture
from mtdnet.training.setup import Setup
from mtdnet.training.trainer import Trainer
from mtdnet.training.triplets import Triplets, read


@dataclass(frozen=True)
class Benchmark:
    """What a training reads of a benchmark; ``pixels``: all images, on the device if they fit."""

    images: Images
    augmented: Path
    pixels: Tensor

    @classmethod
    def open(cls, folders: tuple[Path, Path], size: tuple[int, int], place: Device) -> "Benchmark":
        """Read the folders of ingest and augment; InputError for images of another ``size``."""
        images = Images.open(folders[0], size)
        return cls(images, folders[1], place.resident(torch.from_numpy(images.pixels)))


def numbered(benchmarks: Sequence[Benchmark]) -> tuple[list[Tensor], int]:
    """Return each image's training person by a number of its own, and how many persons there are.

    (R,) int64 for each benchmark, -1 for images of other persons.
    """
    numbers, count = list[Tensor](), 0
    for b in benchmarks:
        own = torch.from_numpy(training_persons(b.images, b.augmented)).to(b.pixels.device)
        numbers.append(torch.where(own < 0, own, own + count))
        count = int(numbers[-1].max()) + 1
    return numbers, count


def target(
    benchmarks: Sequence[Benchmark],
    persons: Sequence[Tensor | None],
    augment: Augment,
    seed: int,
    trainer: Trainer,
    transform: Transform | None,
) -> Lists:
    """Return the batches of the benchmark that is trained on, or of several in turn.

    ``persons``: as ``numbered`` returns them, None without identity loss; ``augment``: the settings
    of the lists, where the trainer's ask for hard negatives.
    """
    size, hard, lists = trainer.settings.triplets, trainer.settings.hard_negatives, list[Lists]()
    for number, (b, person) in enumerate(zip(benchmarks, persons, strict=True)):
        own = Triplets.open(
            b.augmented, size, seed, b.pixels, trainer.device, trainer.group, transform, person
        )
        if hard.share:
            rows, _ = read(b.augmented, len(b.pixels))
            lists.append(HardBlocks(own, rows, b.images, augment, trainer, str(number)))
        else:
            lists.append(own)
    return lists[0] if len(lists) == 1 else Mixture(lists, seed)


def source(
    setup: Setup, trainer: Trainer, transform: Transform | None, size: tuple[int, int]
) -> Triplets | None:
    """Return the source's batches, of images of ``size``; None where the variant takes none."""
    count = setup.kind.source_triplets(setup.settings.triplets)
    if not count:
        return None
    if setup.source is None:
        needs = "needs a source benchmark; train it on a target"
        raise InputError(f"variant '{setup.variant}' {needs}")
    place, group = trainer.device, trainer.group
    own = Benchmark.open(setup.source, size, place)
    return Triplets.open(own.augmented, count, setup.seed, own.pixels, place, group, transform)
