"""One step of training, and its optimiser."""

import math

import torch
from torch import Tensor

from mtdnet.device import Device, compiling
from mtdnet.errors import InputError
from mtdnet.losses.batch import Shown
from mtdnet.networks.base import Network
from mtdnet.params import Training
from mtdnet.training.parallel import Group
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
    """Minimises the sum of a variant's losses on one device, with the other processes of a group.

    With ``settings.compile`` a step is compiled when it is first taken; on CUDA it is then one
    graph of kernels. Raises InputError there when it can't be compiled.
    """

    def __init__(
        self,
        variant: type[Variant],
        network: Network,
        settings: Training,
        device: Device,
        group: Group,
    ) -> None:
        self.network = network.to(device.torch).to(memory_format=torch.channels_last)
        self.settings, self.device, self.group = settings, device, group
        self.optimiser = sgd(network, settings)
        self.group.add_up_gradients(network)
        self._losses = variant(network).losses
        if settings.compile:
            graphs = "reduce-overhead" if device.torch.type == "cuda" else None
            self._losses = torch.compile(self._losses, dynamic=False, mode=graphs)
        self._sums: dict[str, Tensor] = {}

    def step(self, target: Shown, source: Shown | None = None) -> None:
        """Take one step; its losses are added up on the device."""
        losses = self.backward(target, source)
        self.optimiser.step()
        for name, loss in losses.items():
            self._sums[name] = self._sums.get(name, 0) + loss.detach().double()

    def backward(self, target: Shown, source: Shown | None = None) -> dict[str, Tensor]:
        """Return the losses of this process's triplets; leave the gradients of all processes'."""
        self.network.train()
        self.optimiser.zero_grad(set_to_none=True)
        with compiling("a step"):
            with self.device.autocast():
                losses = self._losses(target, source, self.settings.margin)
            mean = sum(losses.values(), start=torch.zeros((), device=self.device.torch))
            torch.autograd.backward(mean / self.group.count)
        self.group.wait()
        return losses

    def take_sums(self, step: int) -> dict[str, float]:
        """Return each loss summed since the last call, the mean of all processes.

        Raises InputError when one is not finite.
        """
        sums = self.group.means({name: float(total) for name, total in self._sums.items()})
        self._sums = {}
        for name, loss in sums.items():
            if not math.isfinite(loss):
                raise InputError(
                    f"the {name} loss is not finite by step {step}; "
                    f"lower `rate` ({self.settings.rate:g}) and run again"
                )
        return sums
