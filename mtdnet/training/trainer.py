"""One step of training."""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import repeat
from typing import cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from mtdnet.device import Device, compiling
from mtdnet.errors import InputError
from mtdnet.losses.batch import DeviceBatch
from mtdnet.networks.base import Network
from mtdnet.params import Training
from mtdnet.training.batches import pieces
from mtdnet.training.optimisers import build, rate_factor
from mtdnet.training.parallel import Distributed
from mtdnet.variants import Variant


def average(network: nn.Module, limit: float) -> AveragedModel:
    """Return a moving average of a network's weights, which begins as a copy of them.

    The decay at update n is ``min(limit, (1 + n) / (10 + n))``: an average of few steps rests on
    the latest tenth of them, not on the first weights.
    """

    def mean(averaged: Tensor, current: Tensor, updates: Tensor | int) -> Tensor:
        count = torch.as_tensor(updates)  # read by no one here: a GPU need not be waited for
        decay = ((1 + count) / (10 + count)).clamp(max=limit)
        return torch.lerp(averaged, current, 1 - decay)

    return AveragedModel(network, avg_fn=mean)


def _hear(gradient: Tensor) -> None:
    """Let Python see a signal, which it doesn't as long as torch goes back through the layers."""


class Trainer:
    """Minimises a variant's objective on one device, with the other processes of a group.

    ``step_count``: steps so far, by which the learning rate follows its schedule. ``average``: of
    the network's weights, where the settings ask for one. ``windows``: triplets (T, 3) that were
    dealt by the network of an earlier step, by name, each ``2 image + mirror flag``. With
    ``settings.compile`` a step is compiled when it is first taken; on CUDA it is then one graph of
    kernels. Raises InputError there when it can't be compiled. ``pieces``: how many a step's
    triplets are divided into, one after the other, which a GPU out of memory raises; they aren't
    compiled. ``within``: the context of a step's passes forth and back, between whose layers it may
    raise; then the step is not taken.
    """

    within: Callable[[], AbstractContextManager[None]] = nullcontext

    def __init__(
        self,
        variant: type[Variant],
        network: Network,
        settings: Training,
        device: Device,
        group: Distributed,
        persons: int = 0,
    ) -> None:
        self.network = network.to(device.torch).to(memory_format=torch.channels_last)
        self.settings, self.device, self.group = settings, device, group
        self.classes: nn.Linear | None = None
        whole: nn.Module = network
        if settings.losses.identity.weight:
            self.classes = nn.Linear(network.feature_size, persons, bias=False).to(device.torch)
            whole = nn.ModuleList([network, self.classes])
        if not settings.compile:
            for weight in filter(lambda each: each.requires_grad, whole.parameters()):
                weight.register_hook(_hear)  # type: ignore[no-untyped-call]
        self.optimiser = build(whole, settings)
        self._rates = [group["lr"] for group in self.optimiser.param_groups]
        self.average = average(network, settings.averaging) if settings.averaging else None
        self.step_count, self.pieces = 0, 1
        self.windows: dict[str, Tensor] = {}
        self.group.add_up_gradients(whole)
        self._variant = variant(network, settings.losses)
        self._variant.classes = None if self.classes is None else self.classes.weight
        self._losses = self._variant.losses
        if settings.compile:
            graphs = "reduce-overhead" if device.torch.type == "cuda" else None
            self._losses = torch.compile(self._losses, dynamic=False, mode=graphs)
        self._sums: dict[str, Tensor] = {}

    def step(self, target: DeviceBatch, source: DeviceBatch | None = None) -> None:
        """Take one step; its losses are added up on the device."""
        with self.within():
            losses = self.backward(target, source)
        factor = rate_factor(self.settings.schedule, self.step_count, self.settings.steps)
        for group, rate in zip(self.optimiser.param_groups, self._rates, strict=True):
            group["lr"] = factor * rate
        self.optimiser.step()
        self.step_count += 1
        if self.average is not None:
            self.average.update_parameters(self.network)
        for name, loss in losses.items():
            self._sums[name] = self._sums.get(name, 0) + loss.detach().double()

    def backward(self, target: DeviceBatch, source: DeviceBatch | None = None) -> dict[str, Tensor]:
        """Return the losses of this process's triplets; leave the gradients of all processes'.

        On a full GPU in smaller pieces, with a line that says so: gradients and losses are the
        same but for rounding and dropout, which each piece draws of its own. Several processes
        can't, each would be in another sum: torch.OutOfMemoryError.
        """
        while True:
            try:
                return self._backward(target, source)
            except torch.OutOfMemoryError:
                if (more := self._more_pieces(target, source)) is None:
                    raise
            self.pieces = more
            self.optimiser.zero_grad(set_to_none=True)
            torch.cuda.empty_cache()  # does nothing without a GPU
            torch.manual_seed(torch.initial_seed())  # the step's, as if this were its first try
            print(
                f"the GPU is out of memory: steps go on in {more} pieces, the same but for "
                "rounding and dropout; lower `triplets` to do without",
                file=sys.stderr,
            )

    def _more_pieces(self, target: DeviceBatch, source: DeviceBatch | None) -> int | None:
        """Return the next count, twice as many at least, that divides a step's triplets."""
        sizes = [each.batch.triplets.shape[1] for each in (target, source) if each]
        settings = self.settings.losses  # a mean over images, or of extremes, is not the pieces'
        divisible = not (settings.identity.weight or settings.triplet.hardest)
        common = math.gcd(*sizes) if self.group.count == 1 and divisible else 0
        counts = range(2 * self.pieces, common + 1)
        return next((count for count in counts if common % count == 0), None)

    def _backward(self, target: DeviceBatch, source: DeviceBatch | None) -> dict[str, Tensor]:
        self.network.train()
        self.optimiser.zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = {}
        for own, other in self._in_pieces(target, source):
            with compiling("a step"):
                with self.device.autocast():
                    whole = self.pieces == 1
                    losses = (self._losses if whole else self._variant.losses)(own, other)
                objective = self._variant.objective(losses)
                torch.autograd.backward(objective / (self.group.count * self.pieces))
            for name, loss in losses.items():
                sums[name] = sums.get(name, 0) + loss.detach() / self.pieces
        self.group.wait()
        return sums

    def _in_pieces(
        self, target: DeviceBatch, source: DeviceBatch | None
    ) -> Iterator[tuple[DeviceBatch, DeviceBatch | None]]:
        if self.pieces == 1:
            yield target, source
            return
        others = pieces(source, self.pieces) if source else repeat(None)
        yield from zip(pieces(target, self.pieces), others, strict=False)

    def result(self) -> Network:
        """Return the network that is validated and kept: the average, where there is one."""
        if self.average is None:
            return self.network
        return cast("Network", self.average.module)

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
                    f"lower `learning_rate` ({self.settings.learning_rate:g}) and run again"
                )
        return sums
