"""Where the pair head looked: what a grey patch over either image does to its probability."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtdnet.networks.trunk import MEAN_BGR, SIDE
from mtdnet.scoring.scorer import Scorer

PATCH, STRIDE = 37, 19  # pixels: 11 x 11 patches overlap by half and end at the image's edge

Map = NDArray[np.float32]


def occlusion(scorer: Scorer, first: Tensor, second: Tensor) -> tuple[Map, Map]:
    """Return a map (227, 227), float32 in [-1, 1], of each of two images, uint8 (227, 227, 3) RGB.

    A pixel has the mean, over the patches on it, of P(same) of the whole images less P(same) with
    the patch: positive where what is covered speaks for one person, negative where against. A
    patch has the ImageNet mean colour, the network's zero (Zeiler and Fergus 2014, "Visualizing
    and Understanding Convolutional Networks"). P(same) is the mean over both orders of the plain
    images; a pair costs 486 tails.
    """
    images, covered = torch.stack([first, second]), patches()
    left, right = scorer.halves(images, (False,))
    whole = scorer.tail(left + right.flip(0)).mean()
    masks = torch.from_numpy(covered).to(images.device)[..., None]
    grey, maps = torch.tensor(MEAN_BGR[::-1]).to(images), []
    for image, other in ((first, 1), (second, 0)):
        own_left, own_right = scorer.halves(torch.where(masks, grey, image), (False,))
        orders = (own_left + right[other], left[other] + own_right)
        seen = [
            torch.cat([scorer.tail(some) for some in torch.split(joint, scorer.pairs)])
            for joint in orders
        ]
        drop = (whole - torch.stack(seen).mean(0)).cpu().numpy()
        maps.append(np.tensordot(drop, covered, 1) / covered.sum(0, dtype=np.float32))
    return maps[0], maps[1]


def patches() -> NDArray[np.bool_]:
    """Return which pixels each patch covers, (121, 227, 227); every pixel has one to four."""
    starts = range(0, SIDE - PATCH + 1, STRIDE)
    covered = np.zeros((len(starts) ** 2, SIDE, SIDE), bool)
    for patch, (y, x) in zip(covered, ((y, x) for y in starts for x in starts), strict=True):
        patch[y : y + PATCH, x : x + PATCH] = True
    return covered
