"""What the pieces on training share: batches of drawn pixels, and two ways to take a step."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import cycle

import torch
from torch import Tensor

from benchmarks import three_streams
from benchmarks.rows import Place, Ratio, seconds
from mtdnet.device import Device
from mtdnet.losses.batch import DeviceBatch
from mtdnet.networks.caffenet import prepare
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Training
from mtdnet.training import optimisers
from mtdnet.training.batches import Batches
from mtdnet.training.parallel import Distributed
from mtdnet.training.trainer import Trainer
from mtdnet.variants.mtdnet import MultiTask

IMAGES = 2048  # packed images that the triplets choose from
WIDTH = 1.0
MULTIPLY_ADDS = {"trunk": 329e6, "half of conv3": 149.5e6, "tail": 242e6, "ranking head": 22e6}


def measure(
    place: Place,
    streams: tuple[Device, int],
    shapes: Sequence[tuple[int, int, bool]],
    steps: int,
    reach: float,
) -> Iterator[Ratio]:
    """Yield the rates of steps on blocks of (pairs, negatives a pair, whether compiled).

    ``streams``: where, and in which number format, three streams a triplet run beside them, and how
    many triplets a step; ``steps`` are timed together.
    """
    packed = place.device.resident(pixels())
    there, count = streams
    kind = "bf16" if there.bf16 else "float32"

    def spent(step: Callable[[], object]) -> float:
        return seconds(lambda: [step() for _ in range(steps)], place.device.torch) / steps

    other = count / spent(plain(there, packed, count))
    for pairs, negatives, compiled in shapes:
        taken = partial(next, fast(place.device, packed, pairs, negatives, compiled))
        for _ in range(4):  # compiles, records the graphs
            taken()
        own = spent(taken)
        yield Ratio(
            work=f"training{', compiled' * compiled}",
            against=f"three streams a triplet, plain PyTorch, {kind}, {count} a step",
            unit="triplets",
            own=pairs * negatives / own,
            other=other,
            reach=reach,
            share=flops(pairs, negatives) / own / place.peak,
            notes={"pairs a step": pairs, "negatives a pair": negatives},
        )


def pixels() -> Tensor:
    """Return drawn packed images, uint8 (IMAGES, 227, 227, 3)."""
    torch.manual_seed(0)
    return torch.randint(0, 256, (IMAGES, 227, 227, 3), dtype=torch.uint8)


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
    width: float = WIDTH,
) -> Iterator[None]:
    """Take one step for each ``next``, as a training of a network of that width does."""
    torch.manual_seed(0)
    triplets = blocks(8, pairs, negatives)
    mirrors = (torch.rand(IMAGES) < 0.5)[triplets]  # in a block an image is shown one way
    batches = Batches(triplets, mirrors, place.torch)
    rows = batches.images.to(packed.device)
    settings = Training(steps=1, triplets=pairs * negatives, learning_rate=1e-4, compile=compiled)
    trainer = Trainer(MultiTask, MTDnet(width), settings, place, Distributed())
    for number in cycle(range(len(batches))):
        trainer.step(DeviceBatch(batches[number], packed[rows[number]].to(place.torch)))
        yield


def plain(place: Device, packed: Tensor, triplets: int) -> Callable[[], None]:
    """Return a step by three streams a triplet."""
    torch.manual_seed(0)
    network = three_streams.plain(MTDnet(WIDTH).to(place.torch)).train()
    assert isinstance(network, MTDnet)
    optimiser = optimisers.build(network, Training(steps=1, learning_rate=1e-4))
    rows = torch.randint(0, len(packed), (3, triplets), device=packed.device)

    def step() -> None:
        images = torch.stack([prepare(packed[row].to(place.torch)).contiguous() for row in rows])
        optimiser.zero_grad(set_to_none=True)
        with place.autocast():
            losses, _ = three_streams.multitask_losses(network, images, 1.0)
        torch.autograd.backward(torch.stack(list(losses.values())).sum())
        optimiser.step()

    return step
