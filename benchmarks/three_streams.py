"""Training as the paper draws it, which the fast way is measured against and tested by.

Three streams a triplet, the pair head on concatenated maps, torch's own normalisation: nothing is
shared between triplets, nothing is reordered.
"""

import copy

import torch
from torch import Tensor
from torch.nn import functional as F

from mtdnet.losses.pair import pair_loss
from mtdnet.losses.triplet import triplet_loss
from mtdnet.networks.base import Network
from mtdnet.networks.caffenet import CaffeNet
from mtdnet.networks.mtdnet import MTDnet


class PlainTrunk(CaffeNet):
    """The trunk with ``local_response_norm``."""

    def forward(self, images: Tensor) -> Tensor:
        """Return the same maps."""
        return self._reduced(self.conv2(self._reduced(self.conv1(images).relu())).relu())

    def _reduced(self, maps: Tensor) -> Tensor:
        maps = maps if self.pool_last else self.pool(maps)
        maps = F.local_response_norm(maps, 5, alpha=1e-4, beta=0.75, k=1)
        return self.pool(maps) if self.pool_last else maps


def plain(network: Network) -> Network:
    """Return a copy of a network, of the same weights and names, as torch lays it out by itself."""
    own = copy.deepcopy(network).to(memory_format=torch.contiguous_format)
    assert isinstance(network.trunk, CaffeNet)
    trunk = PlainTrunk(network.trunk_width)
    trunk.pool_last = network.trunk.pool_last
    own.trunk = trunk.to(network.trunk.conv1.weight)  # its device and number format
    own.trunk.load_state_dict(network.trunk.state_dict())
    return own


def multitask_losses(
    network: MTDnet, images: Tensor, margin: float
) -> tuple[dict[str, Tensor], Tensor]:
    """Return what ``mtdnet.losses.batch.multitask_losses`` does, of N triplets.

    ``images``: prepared (3, N, 3, 227, 227), the streams of anchors, positives and negatives.
    Responses: (2N, 4096 w), those to the positive pairs first.
    """
    maps, head = [network.trunk(stream) for stream in images], network.pair
    features = torch.cat([network.ranking(stream) for stream in maps])
    rows = torch.arange(len(features), device=images.device).view(3, -1)
    ranked = triplet_loss(features, rows, margin)

    anchor, positive, negative = maps
    pairs = torch.cat([torch.cat([anchor, positive], 1), torch.cat([anchor, negative], 1)])
    joint = head.conv4(head.conv3(pairs).relu()).relu()
    hidden = head.pool(head.conv5(joint).relu()).permute(0, 2, 3, 1).flatten(1)
    response = head.fc7(head.drop(head.fc6(hidden).relu()))
    logits = head.fc8(head.drop(response.relu())).float()
    same = torch.tensor([1, 0], device=images.device).repeat_interleave(images.shape[1])
    return {"triplet": ranked, "pair": pair_loss(logits, same, torch.ones_like(same))}, response
