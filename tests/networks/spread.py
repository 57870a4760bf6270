"""A network whose scores lie far apart, so that a test sees which is which."""

import torch

from mtdnet.networks.mtdnet import MTDnet


def spread(width: float) -> MTDnet:
    """Return a drawn network, for evaluation."""
    torch.manual_seed(0)
    network = MTDnet(width).eval()
    for parameter in network.parameters():
        parameter.data *= 1.9
    return network
