"""What the pair head looks at: what a grey patch over either image does to its probability."""

from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtdnet.scoring.scorer import Scorer

PATCH, STRIDE = 37, 19  # pixels: of 227 x 227, 11 x 11 patches overlap by half and reach the edge

Map = NDArray[np.float32]


def occlusion(scorer: Scorer, first: Tensor, second: Tensor) -> tuple[Map, Map]:
    """Return a map (H, W), float32 in [-1, 1], of each of two images, uint8 (H, W, 3) RGB.

    A pixel has the mean, over the patches on it, of P(same) of the whole images less P(same) with
    the patch: positive where what is covered speaks for one person, negative where against. A
    patch has the ImageNet mean colour, the network's zero (Zeiler and Fergus 2014, "Visualizing
    and Understanding Convolutional Networks"). P(same) is the mean over both orders of the plain
    images; a pair costs 486 tails at the paper's size.
    """
    images, covered = torch.stack([first, second]), patches(*first.shape[:2])
    left, right = scorer.halves(images, (False,))
    whole = scorer.tails([left + right.flip(0)]).mean()
    masks = torch.from_numpy(covered).to(images.device)[..., None]
    grey, maps = torch.tensor(scorer.network.trunk.zero).to(images), []
    for image, other in ((first, 1), (second, 0)):
        own_left, own_right = scorer.halves(torch.where(masks, grey, image), (False,))
        orders = (own_left + right[other], left[other] + own_right)
        seen = [scorer.tails(torch.split(joint, scorer.pairs)) for joint in orders]
        drop = (whole - torch.stack(seen).mean(0)).cpu().numpy()
        maps.append(np.tensordot(drop, covered, 1) / covered.sum(0, dtype=np.float32))
    return maps[0], maps[1]


def patches(height: int, width: int) -> NDArray[np.bool_]:
    """Return which pixels each patch covers, (N, H, W); they cover every pixel."""
    places = list(product(_starts(height), _starts(width)))
    covered = np.zeros((len(places), height, width), bool)
    for patch, (y, x) in zip(covered, places, strict=True):
        patch[y : y + PATCH, x : x + PATCH] = True
    return covered


def _starts(side: int) -> list[int]:
    """Return where patches start, from edge to edge, at most ``STRIDE`` apart."""
    last = side - PATCH
    count = -(-last // STRIDE) + 1
    return [n * last // (count - 1) for n in range(count)]
