"""One step of training, and its optimiser."""

import math

import torch
from torch import Tensor

from mtdnet.device import Device
from mtdnet.errors import InputError
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Training
from mtdnet.training.batch import Batch, losses


def sgd(network: MTDnet, settings: Training) -> torch.optim.SGD:
    """Return SGD as published: biases at twice the rate, and no weight decay on them."""
    named = list(network.named_parameters())
    weights = [p for name, p in named if name.endswith("weight")]
    biases = [p for name, p in named if name.endswith("bias")]
    groups = [
        {"params": weights, "weight_decay": settings.decay},
        {"params": biases, "lr": 2 * settings.rate, "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, lr=settings.rate, momentum=settings.momentum, fused=True)


class Trainer:
    """Minimises eq. (1) + eq. (2), either with weight 1, on one device."""

    def __init__(self, network: MTDnet, pixels: Tensor, settings: Training, device: Device) -> None:
        self.network = network.to(device.torch).to(memory_format=torch.channels_last)
        self.pixels, self.settings, self.device = pixels, settings, device
        self.optimiser = sgd(network, settings)
        self._sums = torch.zeros(2, dtype=torch.float64, device=device.torch)

    def step(self, batch: Batch) -> None:
        """Take one step; its losses are added up on the device."""
        self.network.train()
        self.optimiser.zero_grad(set_to_none=True)
        with self.device.autocast():
            shown = self.pixels[batch.image].to(self.device.torch)
            on_device = batch.to(self.device.torch)
            triplet, pair = losses(self.network, shown, on_device, self.settings.margin)
        torch.autograd.backward(triplet + pair)
        self.optimiser.step()
        self._sums += torch.stack([triplet, pair]).detach().double()

    def take_sums(self, step: int) -> tuple[float, float]:
        """Return triplet and pair loss summed since the last call; InputError if not finite."""
        triplet, pair = self._sums.tolist()
        self._sums.zero_()
        for name, loss in (("triplet", triplet), ("pair", pair)):
            if not math.isfinite(loss):
                raise InputError(
                    f"the {name} loss is not finite by step {step}; "
                    f"lower `rate` ({self.settings.rate:g}) and run again"
                )
        return triplet, pair
