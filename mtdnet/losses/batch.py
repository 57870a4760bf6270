"""A step's triplets and their losses, each image and each pair computed once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mtdnet.losses.identity import identity_loss
from mtdnet.losses.pair import pair_loss
from mtdnet.losses.triplet import triplet_loss
from mtdnet.networks.base import Network
from mtdnet.networks.heads import PairHead, flat
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Losses


@dataclass(frozen=True)
class Batch:
    """N triplets over I images and P pairs, all int64.

    ``mirror``: (I,) 1 for an image to mirror; ``triplets``: (3, N) images of anchor, positive and
    negative; ``lefts``, ``rights``: images that stand first and second in pairs; ``first``,
    ``second``: (P,) rows of these; ``same``: (P,) 1 for the positive pairs; ``weight``: (P,) how
    many triplets hold the pair; ``positive``, ``negative``: (N,) which pair is a triplet's anchor
    with its positive, and with its negative. Images that no triplet names and pairs of weight 0
    fill it up to the shape of the list's other batches.
    """

    mirror: Tensor
    triplets: Tensor
    lefts: Tensor
    rights: Tensor
    first: Tensor
    second: Tensor
    same: Tensor
    weight: Tensor
    positive: Tensor
    negative: Tensor


@dataclass(frozen=True)
class DeviceBatch:
    """A batch on a device, with its images: ``pixels`` uint8 (I, H, W, 3) RGB.

    ``person``: (I,) int64, the number of each image's training person; None where nobody asks.
    """

    batch: Batch
    pixels: Tensor
    person: Tensor | None = None

    def images(self, network: Network) -> Tensor:
        """Return the images as a network takes them, (I, 3, H, W), mirrored where said."""
        every = (255 * self.batch.mirror).to(torch.uint8)[:, None, None, None]  # or no bit
        change = self.pixels ^ self.pixels.flip(2)  # torch.where takes six times as long for bytes
        return network.trunk.prepare(self.pixels ^ change & every)


def joint_maps(network: MTDnet, maps: Tensor, batch: Batch) -> Tensor:
    """Return sums of conv3's halves (P, 384 w, 13, 13) of a batch's pairs.

    ``maps``: the trunk's, of the batch's images. Every half is computed once an image.
    """
    joint = _spread(network.left(_spread(maps, batch.lefts)), batch.first)
    return joint + _spread(network.right(_spread(maps, batch.rights)), batch.second)


def identity_losses(
    features: Tensor, target: DeviceBatch, settings: Losses, classes: Tensor | None
) -> dict[str, Tensor]:
    """Return the identity loss of a batch's images, each once, by its name; {} without classes.

    ``features``: (I, F); ``classes``: (C, F), one vector a training person.
    """
    if classes is None or target.person is None:
        return {}
    named = torch.zeros_like(features[:, 0]).scatter(0, target.batch.triplets.flatten(), 1.0)
    scale = settings.identity.scale
    return {"identity": identity_loss(features, classes, target.person, named, scale)}


def multitask_losses(
    network: MTDnet, target: DeviceBatch, settings: Losses, classes: Tensor | None = None
) -> tuple[dict[str, Tensor], Tensor]:
    """Return the triplet loss, eq. (1), and the pair loss, eq. (2), of a batch; fc7's responses.

    With ``classes`` also the identity loss, on the features of the ranking head.
    Equal to a plain pass of three streams a triplet, but for dropout: a pair that stands several
    times is dropped alike. Responses: (P, 4096 w), before ReLU and dropout.
    """
    batch, maps = target.batch, network.trunk(target.images(network))
    rule, features = settings.triplet, network.ranking(maps)
    ranked = triplet_loss(features, batch.triplets, rule.margin, rule.hardest)
    joint = joint_maps(network, maps, batch)
    response = network.pair.response(joint)
    losses = {
        "triplet": ranked,
        "pair": shared_pair_loss(network.pair, response, joint, target, settings),
    }
    return losses | identity_losses(features, target, settings, classes), response


def shared_pair_loss(
    head: PairHead, response: Tensor, joint: Tensor, target: DeviceBatch, settings: Losses
) -> Tensor:
    """Return the pair loss of a batch, of the verdict and of what joint maps alone say.

    ``response``: fc7's (P, 4096 w) to ``joint``. Where the verdict takes the distance, a share
    ``settings.pair.joint_maps`` is of the logits without it: beside the distance, joint maps would
    have little to learn from.
    """
    batch, rule = target.batch, settings.pair
    alone = head.joint_logits(response)
    verdict = head.verdict(alone, joint)
    loss = pair_loss(verdict, batch.same, batch.weight, rule.smoothing)
    if head.distance is None or not rule.joint_maps:
        return loss
    own = pair_loss(alone, batch.same, batch.weight, rule.smoothing)
    return torch.lerp(loss, own, rule.joint_maps)


def _spread(maps: Tensor, rows: Tensor) -> Tensor:
    """Return ``maps[rows]``, as a matrix product: its backward pass sums in float32, and fast."""
    _, depth, height, width = maps.shape
    chosen = torch.nn.functional.one_hot(rows, len(maps)).to(maps.dtype)
    return (chosen @ flat(maps)).view(-1, height, width, depth).permute(0, 3, 1, 2)
