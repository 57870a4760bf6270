"""One training by the processes that torchrun starts: each takes its share of every step."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn

from mtdnet.device import Device
from mtdnet.errors import InputError

Hook = Callable[[Callable[[Tensor], None]], object]


class Distributed:
    """``count`` processes on one folder of the project, of which this is number ``rank``.

    The first one, rank 0, validates and writes.
    """

    def __init__(self, rank: int = 0, count: int = 1) -> None:
        self.rank, self.count = rank, count
        self._underway: list[dist.Work] = []

    def share(self, triplets: Tensor) -> Tensor:
        """Return this process's share of a step's triplets, the last dimension.

        Raises InputError when ``count`` doesn't divide them.
        """
        if triplets.shape[-1] % self.count:
            raise InputError(
                f"`triplets`: {triplets.shape[-1]} can't be shared by {self.count} processes; "
                f"set a multiple of {2 * self.count}"
            )
        return triplets.chunk(self.count, dim=-1)[self.rank]

    def of_first(self, values: Tensor) -> Tensor:
        """Return what the first process has, of values of one shape on the processor."""
        if self.count > 1:
            dist.broadcast(values, 0)
        return values

    def add_up_gradients(self, network: nn.Module) -> None:
        """From now on sum each gradient over the processes, while the backward pass goes on.

        A parameter without a gradient stays without: it is without in every process.
        """
        if self.count > 1:
            for parameter in filter(lambda each: each.requires_grad, network.parameters()):
                hook: Hook = parameter.register_post_accumulate_grad_hook
                hook(self._add_up)

    def _add_up(self, parameter: Tensor) -> None:
        assert parameter.grad is not None
        work = dist.all_reduce(parameter.grad, async_op=True)
        assert work is not None
        self._underway.append(work)

    def wait(self) -> None:
        """Wait for the sums of the gradients."""
        for work in self._underway:
            work.wait()
        self._underway.clear()

    def means(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return each value's mean over the processes, which give the same names."""
        if self.count == 1:
            return dict(values)
        total = torch.tensor(list(values.values()), dtype=torch.float64)
        dist.all_reduce(total)
        return dict(zip(values, (total / self.count).tolist(), strict=True))

    def any(self, here: bool) -> bool:
        """Tell whether it holds in one of the processes."""
        return self.means({"here": float(here)})["here"] > 0


def is_first() -> bool:
    """Tell whether this is the process that validates and writes, before all have met."""
    return int(os.environ.get("RANK", "0")) == 0


@contextmanager
def joined(device: Device) -> Iterator[Distributed]:
    """Yield the group that torchrun's environment tells of, else a group of one."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Distributed()
        return
    if device.torch.type == "cuda":
        torch.cuda.set_device(device.torch)
    # What lies on a processor goes by gloo in either case. Others wait while the first validates.
    dist.init_process_group(
        "cpu:gloo,cuda:nccl" if device.torch.type == "cuda" else "gloo", timeout=timedelta(hours=6)
    )
    try:
        yield Distributed(dist.get_rank(), count)
    finally:
        dist.destroy_process_group()
