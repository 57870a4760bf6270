"""One step of training, and its optimiser."""

import math

import torch
from torch import Tensor

from mtdnet.batch import Batch, Shown
from mtdnet.device import Device
from mtdnet.errors import InputError
from mtdnet.networks.keep import Network
from mtdnet.params import Training
from mtdnet.variants import Variant


def sgd(network: Network, settings: Training) -> torch.optim.SGD:
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
    """Minimises the sum of a variant's losses on one device.

    ``pixels``: the packed images of the target; ``source``: those of the source, where the variant
    takes triplets of it too.
    """

    def __init__(
        self,
        variant: type[Variant],
        network: Network,
        pixels: Tensor,
        source: Tensor | None,
        settings: Training,
        device: Device,
    ) -> None:
        self.network = network.to(device.torch).to(memory_format=torch.channels_last)
        self.objective = variant(self.network)
        self.pixels, self.source = pixels, source
        self.settings, self.device = settings, device
        self.optimiser = sgd(network, settings)
        self._sums: dict[str, Tensor] = {}

    def step(self, batch: Batch, of_source: Batch | None = None) -> None:
        """Take one step; its losses are added up on the device."""
        self.network.train()
        self.optimiser.zero_grad(set_to_none=True)
        with self.device.autocast():
            target, source = Shown.of(batch, self.pixels, self.device.torch), None
            if of_source is not None and self.source is not None:
                source = Shown.of(of_source, self.source, self.device.torch)
            losses = self.objective.losses(target, source, self.settings.margin)
        torch.autograd.backward(
            sum(losses.values(), start=torch.zeros((), device=self.device.torch))
        )
        self.optimiser.step()
        for name, loss in losses.items():
            self._sums[name] = self._sums.get(name, 0) + loss.detach().double()

    def take_sums(self, step: int) -> dict[str, float]:
        """Return each loss summed since the last call; InputError if not finite."""
        sums = {name: float(total) for name, total in self._sums.items()}
        self._sums = {}
        for name, loss in sums.items():
            if not math.isfinite(loss):
                raise InputError(
                    f"the {name} loss is not finite by step {step}; "
                    f"lower `rate` ({self.settings.rate:g}) and run again"
                )
        return sums
