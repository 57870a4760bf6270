"""What the pieces on training share: batches of drawn pixels, and both ways to take a step."""

from collections.abc import Callable, Iterator
from itertools import cycle

import torch
from torch import Tensor

from benchmarks import three_streams
from mtdnet.device import Device
from mtdnet.losses.batch import Shown
from mtdnet.networks.caffenet import prepare
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Training
from mtdnet.training.batches import Batches
from mtdnet.training.parallel import Group
from mtdnet.training.trainer import Trainer, sgd
from mtdnet.variants.mtdnet import MultiTask

IMAGES = 2048  # packed images that the triplets choose from
MULTIPLY_ADDS = {"trunk": 329e6, "half of conv3": 149.5e6, "tail": 242e6, "ranking head": 22e6}


def pixels(device: torch.device, count: int = IMAGES) -> Tensor:
    """Return drawn packed images, uint8 (count, 227, 227, 3)."""
    torch.manual_seed(0)
    return torch.randint(0, 256, (count, 227, 227, 3), dtype=torch.uint8, device=device)


def blocks(count: int, pairs: int, negatives: int) -> Tensor:
    """Return ``count`` blocks of triplets (count, 3, pairs x negatives), as augment draws them."""
    torch.manual_seed(1)
    chosen = torch.stack([torch.randperm(IMAGES)[: 2 * pairs] for _ in range(count)])
    anchor, positive = chosen.view(count, 2, pairs).unbind(1)
    others = (torch.arange(pairs)[:, None] + torch.arange(1, negatives + 1)) % pairs
    parts = (anchor.repeat_interleave(negatives, 1), positive.repeat_interleave(negatives, 1))
    return torch.stack([*parts, positive[:, others.flatten()]], dim=1)


def flops(pairs: int, negatives: int) -> float:
    """Return the FLOPs of a step at full width: forward, and twice that backward.

    But for conv1's gradient of its input, which nobody asks for.
    """
    one = MULTIPLY_ADDS
    images = 2 * pairs * (one["trunk"] + one["ranking head"] + one["half of conv3"])
    return 6 * (images + pairs * (1 + negatives) * one["tail"]) - 2 * 2 * pairs * 105e6


def fast(
    place: Device,
    packed: Tensor,
    pairs: int,
    negatives: int,
    compiled: bool = False,
    group: Group | None = None,
) -> Iterator[None]:
    """Take one step for each ``next``, as a training does; ``group``: with other processes."""
    torch.manual_seed(0)
    triplets = blocks(8, pairs, negatives)
    mirrors = (torch.rand(IMAGES) < 0.5)[triplets]  # in a block an image is shown one way
    batches = Batches(triplets, mirrors, place.torch)
    rows = batches.images.to(packed.device)
    settings = Training(steps=1, triplets=pairs * negatives, rate=1e-4, compile=compiled)
    trainer = Trainer(MultiTask, MTDnet(), settings, place, group or Group())
    for number in cycle(range(len(batches))):
        trainer.step(Shown(batches[number], packed[rows[number]].to(place.torch)))
        yield


def plain(place: Device, packed: Tensor, triplets: int) -> Callable[[], None]:
    """Return a step by three streams a triplet."""
    torch.manual_seed(0)
    network = three_streams.plain(MTDnet().to(place.torch)).train()
    assert isinstance(network, MTDnet)
    optimiser = sgd(network, Training(steps=1, rate=1e-4))
    rows = torch.randint(0, len(packed), (3, triplets), device=packed.device)

    def step() -> None:
        images = [prepare(packed[row].to(place.torch)).contiguous() for row in rows]
        plain_step(network, optimiser, torch.stack(images), place)

    return step


def plain_step(network: MTDnet, optimiser: torch.optim.SGD, images: Tensor, place: Device) -> None:
    """Take a step by three streams of prepared images (3, N, 3, 227, 227)."""
    optimiser.zero_grad(set_to_none=True)
    with place.autocast():
        losses, _ = three_streams.both(network, images, 1.0)
    torch.autograd.backward(torch.stack(list(losses.values())).sum())
    optimiser.step()
