"""Initial weights, drawn as published."""

import torch
from torch import nn

FULLY_CONNECTED = ("fc", "fc6", "fc7")  # all but fc8


def draw(network: nn.Module, fed: dict[str, float]) -> None:
    """Draw all layers but a trunk's, which draws itself.

    Gaussian, std 0.01 (convolutions, fc8) or 0.005 (fc6, fc7, ranking head); biases are 0. ``fed``:
    layer name -> width of the layers that feed it, in (0, 1], 1 where not named: a std grows as its
    layer's inputs get fewer, so that the output keeps the size that it has at full width.
    """
    for name, layer in network.named_modules():
        if name.startswith("trunk."):
            continue
        # A network that is about to be loaded has no weights yet; drawing none takes seconds.
        if isinstance(layer, nn.Conv2d | nn.Linear) and not layer.weight.is_meta:
            hidden = name.rpartition(".")[2] in FULLY_CONNECTED
            std = (0.005 if hidden else 0.01) * fed.get(name, 1.0) ** -0.5
            nn.init.normal_(layer.weight, std=std)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)


def fill_hidden_biases(network: nn.Module, value: float) -> None:
    """Set the biases of the fully connected layers but fc8."""
    for name, layer in network.named_modules():
        if name.rpartition(".")[2] in FULLY_CONNECTED and isinstance(layer, nn.Linear):
            nn.init.constant_(layer.bias, value)


def start_as_difference(joint: nn.Conv2d) -> None:
    """Set the half of a convolution that reads the second image's maps to minus the other half.

    Maps of two equal images then cancel out, and the pair head starts from what differs.
    """
    with torch.no_grad():
        left, right = joint.weight.chunk(2, dim=1)
        right.copy_(-left)
