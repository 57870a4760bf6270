"""A step's triplets, each image and each pair computed once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mtdnet.losses.pair import pair_loss
from mtdnet.losses.triplet import triplet_loss
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.networks.trunk import prepare


@dataclass(frozen=True)
class Batch:
    """N triplets over I distinct images and P distinct pairs.

    ``image``: (I,) rows of the packed images, ``mirror``: (I,) bool; ``triplets``: (3, N) rows of
    ``image`` for anchor, positive, negative; ``lefts``, ``rights``: rows of ``image`` that stand
    first and second in pairs; ``first``, ``second``: (P,) rows of these; ``same``: (P,) 1 for the
    positive pairs; ``weight``: (P,) how many triplets hold the pair.
    """

    image: Tensor
    mirror: Tensor
    triplets: Tensor
    lefts: Tensor
    rights: Tensor
    first: Tensor
    second: Tensor
    same: Tensor
    weight: Tensor

    @classmethod
    def of(cls, images: Tensor, mirrors: Tensor) -> "Batch":
        """Gather triplets given as images (3, N) int64 and mirror flags (3, N) bool."""
        item, triplets = torch.unique(images * 2 + mirrors, return_inverse=True)
        count = len(item)
        anchor, positive, negative = triplets
        keys = torch.cat([anchor * count + positive, anchor * count + negative])
        pair, inverse, weight = torch.unique(keys, return_inverse=True, return_counts=True)
        same = torch.zeros_like(pair)
        same[inverse[: len(positive)]] = 1
        lefts, first = torch.unique(pair // count, return_inverse=True)
        rights, second = torch.unique(pair % count, return_inverse=True)
        image, mirror = item // 2, item % 2 == 1
        return cls(image, mirror, triplets, lefts, rights, first, second, same, weight.float())

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on ``device``."""
        return Batch(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


def losses(network: MTDnet, shown: Tensor, batch: Batch, margin: float) -> tuple[Tensor, Tensor]:
    """Return the triplet loss, eq. (1), and the pair loss, eq. (2), of a batch.

    ``shown``: the batch's images, uint8 (I, 227, 227, 3), on its device. Equal to a plain pass of
    three streams a triplet, but for dropout: a pair that stands several times is dropped alike.
    """
    flipped = torch.where(batch.mirror[:, None, None, None], shown.flip(2), shown)
    maps = network.trunk(prepare(flipped))
    anchor, positive, negative = batch.triplets
    ranked = triplet_loss(network.ranking(maps), anchor, positive, negative, margin)
    joint = _spread(network.pair.left(maps[batch.lefts]), batch.first)
    joint = joint + _spread(network.pair.right(maps[batch.rights]), batch.second)
    return ranked, pair_loss(network.pair.tail(joint), batch.same, batch.weight)


def _spread(maps: Tensor, rows: Tensor) -> Tensor:
    """Return ``maps[rows]``, as a matrix product: its backward pass sums in float32, and fast."""
    _, depth, height, width = maps.shape
    chosen = torch.nn.functional.one_hot(rows, len(maps)).to(maps.dtype)
    flat = chosen @ maps.permute(0, 2, 3, 1).flatten(1)
    return flat.view(-1, height, width, depth).permute(0, 3, 1, 2)
