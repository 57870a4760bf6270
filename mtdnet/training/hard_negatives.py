"""Blocks of persons whom the network in training confuses."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtdnet.data.images import Images
from mtdnet.losses.batch import DeviceBatch
from mtdnet.params import Augment
from mtdnet.protocol.triplets import blocks, deal_alike
from mtdnet.rng import generator
from mtdnet.scoring.distances import squared_distances
from mtdnet.scoring.scorer import Scorer
from mtdnet.training.trainer import Trainer
from mtdnet.training.triplets import Triplets, in_batches

Rows = NDArray[np.int64]


class HardBlocks:
    """The positive pairs of a list, dealt anew into blocks every ``hard_negatives.every`` steps.

    A window is that many steps. Its pairs follow in an order drawn per epoch; which of them share a
    block, and so are each other's negatives, the ranking features of the trainer's network say
    when the window begins. What was dealt is kept with the trainer under ``name``: a training that
    is stopped within a window goes on with it. ``plain``: the list's own batches; ``rows``: all its
    triplets (T, 3), rows of ``images``; ``augment``: the sizes of its blocks.
    """

    def __init__(
        self,
        plain: Triplets,
        rows: Tensor,
        images: Images,
        augment: Augment,
        trainer: Trainer,
        name: str,
    ) -> None:
        self.plain, self.augment, self.trainer, self.name = plain, augment, trainer, name
        self.pairs = np.unique(rows[:, :2].numpy(), axis=0).astype(np.int64)
        _, self._who = np.unique(images.person, return_inverse=True)
        _, self._place = np.unique(images.camera, return_inverse=True)
        self._window: tuple[int, Triplets] | None = None

    def __len__(self) -> int:
        return len(self.plain)

    def batch(self, step: int) -> DeviceBatch:
        """Return the batch of training step ``step``, counted from 0, with its images."""
        number, position = divmod(step, self.trainer.settings.hard_negatives.every)
        if self._window is None or self._window[0] != number:
            self._window = number, self._open(number)
        return self._window[1].batch(position)

    def _open(self, number: int) -> Triplets:
        """Return the batches of a window, those that were kept or new ones."""
        key, trainer = f"{self.name}.{number}", self.trainer
        items = trainer.windows.get(key)
        if items is None:
            items = trainer.group.of_first(self._deal(number))
            others = {k: v for k, v in trainer.windows.items() if not k.startswith(f"{self.name}.")}
            trainer.windows = others | {key: items}
        size = trainer.settings.triplets
        batches = in_batches(items // 2, items % 2 == 1, size, trainer.device, trainer.group)
        return replace(self.plain, batches=batches)

    def _deal(self, number: int) -> Tensor:
        """Return the triplets of a window, dealt by the network as it is, as items (T, 3) int32."""
        settings = self.trainer.settings
        rows = settings.hard_negatives.every * settings.triplets
        count = -(-rows // self.augment.negatives)
        random = generator(self.plain.seed, f"hard negatives {self.name} {number}")
        pairs = self._company(self.pairs[self._order(number * count, count)], random)
        seen = np.unique(pairs)
        features = self._features(seen)

        def deal(some: Rows, into: int, random: np.random.Generator) -> Rows:
            anchors, positives = (features[np.searchsorted(seen, side)] for side in some.T)
            distance = squared_distances(anchors, positives)
            share = settings.hard_negatives.share
            return deal_alike(self._who[some[:, 1]], distance, into, share, random)

        images, mirrors = blocks(pairs, self._who, self._place, self.augment, random, deal)
        return torch.from_numpy((images * 2 + mirrors)[:rows].astype(np.int32))

    def _features(self, rows: Rows) -> Tensor:
        """Return the ranking features (R, F) of plain images, as the network sees them now."""
        scorer, pixels = Scorer(self.trainer.network, self.trainer.device), self.plain.pixels
        blocks = torch.split(torch.from_numpy(rows).to(pixels.device), 64)
        return torch.cat([scorer.features(pixels.index_select(0, b), (False,)) for b in blocks])

    def _company(self, pairs: Rows, random: np.random.Generator) -> Rows:
        """Return pairs, and one more of a camera that saw one person alone in so short a window."""
        where, who = self._place[pairs[:, 1]], self._who[pairs[:, 1]]
        more = [pairs]
        for camera in np.unique(where):
            persons = np.unique(who[where == camera])
            if len(persons) == 1:
                own = self._place[self.pairs[:, 1]] == camera
                others = self.pairs[own & (self._who[self.pairs[:, 1]] != persons)]
                more.append(random.choice(others, 1))
        return np.concatenate(more)

    def _order(self, first: int, count: int) -> Rows:
        """Return places ``first`` onwards of the pairs' permutations, epoch after epoch."""
        place = np.arange(first, first + count)
        epochs = range(place[0] // len(self.pairs), place[-1] // len(self.pairs) + 1)
        seeds = ([self.plain.seed, epoch] for epoch in epochs)
        orders = [np.random.default_rng(seed).permutation(len(self.pairs)) for seed in seeds]
        return np.concatenate(orders)[place - epochs[0] * len(self.pairs)]
