"""Rank-1 and mAP on validation persons: what chooses the network that is kept."""

from pathlib import Path

import numpy as np
from torch import Tensor

from mtdnet.data.images import Images
from mtdnet.device import Device
from mtdnet.evaluation.cmc import mean_average_precision, ranks
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.probes import probes
from mtdnet.scoring import Scorer


class Validation:
    """The queries and gallery of the validation persons in ``augmented``'s split."""

    def __init__(self, images: Images, augmented: Path, pixels: Tensor, device: Device) -> None:
        self.query, self.gallery = probes(images, augmented, "validation")
        self.who = images.person[self.query], images.person[self.gallery]
        self.where = images.camera[self.query], images.camera[self.gallery]
        self.pixels, self.device = pixels, device

    def measure(self, network: MTDnet) -> dict[str, float]:
        """Return rank-1 of either head and mAP of the pair head, in [0, 1].

        The pair head scores plain images, query first: an eighth of the published score's work.
        """
        scorer = Scorer(network, self.pixels, self.device)
        pair = -scorer.probabilities(self.query, self.gallery, folds=1)
        ranking = scorer.distances(self.query, self.gallery)
        first = [np.mean(ranks(cost, *self.who, *self.where) == 1) for cost in (pair, ranking)]
        return {
            "validation_rank1": float(first[0]),
            "validation_mAP": float(mean_average_precision(pair, *self.who, *self.where)),
            "validation_rank1_ranking": float(first[1]),
        }
