"""The eight-fold score as everybody computes it, and what the pieces on scoring share."""

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.rows import Note, Place, Ratio, seconds
from mtdnet.data.images import Images
from mtdnet.networks import serialization
from mtdnet.networks.caffenet import CaffeNet, prepare
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.scoring.scorer import Scorer
from mtdnet.scoring.tiles import Rows, Scores


def measure(
    place: Place,
    square: int,
    corner: int,
    batches: Sequence[int],
    kind: torch.dtype,
    reach: float,
    ways: Sequence[bool] = (False,),
) -> Iterator[Ratio]:
    """Yield the rates of a square of pairs by ``Scorer``, plain passes of its corner beside them.

    Plain passes are of ``kind``, in the best of the batches; ``ways``: whether the tail is
    compiled.
    """
    images = pixels(place, 2 * square).to(place.device.torch)
    query, gallery = np.arange(square), np.arange(square, 2 * square)
    for weights, trained in networks(place).items():
        own = copy.deepcopy(trained).to(place.device.torch, kind)
        plain = partial(probabilities, own, images, query[:corner], gallery[:corner])
        best = min(seconds(partial(plain, size), place.device.torch, 1) for size in batches)
        expected = plain(batches[0])
        for compiled in ways:
            scorer = Scorer(trained, place.device, compiled)
            scores = partial(scorer.probabilities, images, query, gallery)
            spent = seconds(scores, place.device.torch, 1)
            image, tail = flops(scorer)
            done = 2 * square * image + square**2 * 8 * tail
            yield Ratio(
                work=f"eight-fold scores, {weights}{', compiled tail' * compiled}",
                against=f"a forward pass a pair, {str(kind).removeprefix('torch.')}, plain "
                f"PyTorch, the best batch of {', '.join(map(str, batches))}",
                unit="passes",
                own=square**2 * 8 / spent,
                other=corner**2 * 8 / best,
                reach=reach,
                share=done / spent / place.peak,
                notes={
                    "pairs": f"{square} x {square} against {corner} x {corner} of them",
                    **compared(scores()[:corner, :corner], expected),
                },
            )


def networks(place: Place) -> dict[str, MTDnet]:
    """Return a drawn network of full width and, where the project has one, its trained one."""
    torch.manual_seed(0)
    drawn = MTDnet().eval()
    for parameter in drawn.parameters():  # spread the scores
        parameter.data *= 1.9
    named = {"random weights": drawn}
    if place.network is not None:
        trained = serialization.load(place.network).network
        assert isinstance(trained, MTDnet), "no pair head"
        named[f"trained weights, heads of {trained.width:g} width"] = trained
    return named


def pixels(place: Place, count: int) -> Tensor:
    """Return ``count`` images of the source, else of noise: uint8 (count, 227, 227, 3)."""
    if place.images is None:
        return torch.from_numpy(
            np.random.default_rng(0).integers(0, 256, (count, 227, 227, 3), np.uint8)
        )
    packed = Images.open(place.images).pixels
    return torch.from_numpy(packed[np.linspace(0, len(packed) - 1, count).astype(int)])


@torch.inference_mode()
def probabilities(
    network: MTDnet, images: Tensor, query: Rows, gallery: Rows, batch: int = 64
) -> Scores:
    """Return ``Scorer.probabilities`` by eight passes a pair, ``batch`` passes at a time.

    In the format of the network's weights and on its device; nothing is shared between passes.
    """
    weight = network.pair.fc8.weight
    views = product(query.tolist(), gallery.tolist(), *[(False, True)] * 3)
    found, waiting = [], list(views)
    for start in range(0, len(waiting), batch):
        q, g, q_mirrored, g_mirrored, swapped = torch.tensor(waiting[start : start + batch]).T
        sides = [
            _view(images[rows], mirrored).to(weight.device)
            for rows, mirrored in ((q, q_mirrored), (g, g_mirrored))
        ]
        swap = swapped.bool()[:, None, None, None].to(weight.device)
        first = torch.where(swap, sides[1], sides[0])
        second = torch.where(swap, sides[0], sides[1])
        maps = [_trunk(network, prepare(side).to(weight.dtype)) for side in (first, second)]
        found.append(_verdict(network, torch.cat(maps, 1)).float().softmax(1)[:, 1].cpu())
    scores: Scores = torch.cat(found).view(len(query), len(gallery), 8).mean(2).numpy()
    return scores


def _view(images: Tensor, mirrored: Tensor) -> Tensor:
    chosen = mirrored.bool().to(images.device)[:, None, None, None]
    return torch.where(chosen, images.flip(2), images)


def _trunk(network: MTDnet, maps: Tensor) -> Tensor:
    assert isinstance(network.trunk, CaffeNet)
    for convolution in (network.trunk.conv1, network.trunk.conv2):
        pooled = F.max_pool2d(convolution(maps).relu(), 3, 2)
        maps = F.local_response_norm(pooled, 5, 1e-4, 0.75, 1)
    return maps


def _verdict(network: MTDnet, joint: Tensor) -> Tensor:
    pair = network.pair
    for convolution in (pair.conv3, pair.conv4, pair.conv5):
        joint = convolution(joint).relu()
    hidden = F.max_pool2d(joint, 3, 2).permute(0, 2, 3, 1).flatten(1)
    logits: Tensor = pair.fc8(pair.fc7(pair.fc6(hidden).relu()).relu())
    return logits


def compared(own: Scores, other: Scores) -> dict[str, Note]:
    """Return whether each query ranks the gallery alike, and how far scores (Q, G) differ."""
    order = [np.argsort(-scores, axis=1, kind="stable") for scores in (own, other)]
    return {
        "same ranks": bool((order[0] == order[1]).all()),
        "places in which ranks differ, of all": float((order[0] != order[1]).mean().round(4)),
        "largest difference of scores": float(f"{np.abs(own - other).max():.2g}"),
        "scores spread over": float(f"{np.ptp(other):.2g}"),
    }


def flops(scorer: Scorer) -> tuple[int, float]:
    """Return the floating-point operations that an image and a tail take in products."""
    image = torch.zeros(1, 227, 227, 3, dtype=torch.uint8)
    maps = scorer.halves(image)[0][:1].expand(64, -1, -1, -1)
    tails = _counted(lambda: scorer.tail(maps))
    return _counted(lambda: scorer.halves(image)), tails / len(maps)


def _counted(work: Callable[[], object]) -> int:
    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())
