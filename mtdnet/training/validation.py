"""The validation persons: they choose the network that is kept, and calibrate it."""

import sys
from collections.abc import Iterable, Sequence
from copy import deepcopy
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mtdnet.artifacts import Fusion
from mtdnet.data.images import Images
from mtdnet.device import Device
from mtdnet.metrics import calibration
from mtdnet.metrics.calibration import ENOUGH, compared
from mtdnet.metrics.cmc import Probes, mean_average_precision, ranks
from mtdnet.metrics.fusion import fit
from mtdnet.networks.base import Network
from mtdnet.protocol.query_gallery import probes
from mtdnet.scoring.scorer import Scorer
from mtdnet.scoring.tiles import Scores


class Validation:
    """The queries and gallery of the validation persons in ``augmented``'s split."""

    def __init__(self, images: Images, augmented: Path, pixels: Tensor, device: Device) -> None:
        self.query, self.gallery = probes(images, augmented, "validation")
        rows = self.query, self.gallery
        persons, cameras = ([of[each] for each in rows] for of in (images.person, images.camera))
        self.probes = Probes(*persons, *cameras)
        self.pixels, self.device = pixels, device

    @property
    def persons(self) -> int:
        """How many persons there are."""
        return len(set(self.probes.query))

    def measure(self, network: Network, step: int) -> dict[str, float]:
        """Return rank-1 and mAP of the pair head, and rank-1 of the ranking head, in [0, 1].

        The pair head scores plain images, query first: an eighth of the published score's work. A
        network without one is measured by its ranking features. Where the verdict takes their
        distance, also rank-1 by joint maps alone: at chance, the verdict is the distance's.
        """
        scorer, rows = Scorer(network, self.device), (self.pixels, self.query, self.gallery)
        cost = ranking = scorer.distances(*rows)
        if network.pair is not None:
            cost = -scorer.probabilities(*rows, folds=1)
        result = {
            "validation_rank1": self._rank1(cost),
            "validation_mAP": float(mean_average_precision(cost, self.probes)),
        }
        if cost is not ranking:
            result["validation_rank1_ranking"] = self._rank1(ranking)
        head = scorer.network.pair  # of its own copy: the network in training stays as it is
        if head is not None and network.takes_distance:
            with head.without_distance():
                alone = -scorer.probabilities(*rows, folds=1)
            result["validation_rank1_joint_maps"] = self._rank1(alone)
        return result

    def _rank1(self, cost: NDArray[np.floating]) -> float:
        return float(np.mean(ranks(cost, self.probes) == 1))

    def parts(self, network: Network) -> "list[tuple[Validation, Network]]":
        """Return what calibrates a network."""
        return [(self, network)]

    def probabilities(self, network: Network) -> Scores:
        """Return the eight-fold probabilities (Q, G)."""
        return Scorer(network, self.device).probabilities(self.pixels, self.query, self.gallery)

    def distances(self, network: Network) -> Scores:
        """Return the ranking distances (Q, G)."""
        return Scorer(network, self.device).distances(self.pixels, self.query, self.gallery)


Part = tuple[Validation, Network]


def calibrate(parts: Sequence[Part], fused: bool = False) -> tuple[float | None, Fusion | None]:
    """Return the temperature of the eight-fold probabilities, and weights of both heads.

    Of all ``parts`` together, each by its own network. The weights where ``fused`` asks for them,
    and where the pair heads take the distance: there the temperature is that of ``weighed``
    networks. None for a network without a pair head, and, with a line to standard error, where
    there are fewer than 10 pairs of one person or of two.
    """
    if any(network.pair is None for _, network in parts):
        return None, None
    takes = any(network.takes_distance for _, network in parts)
    fused = fused or takes
    pairs = [compared(validation.probes) for validation, _ in parts]
    same = np.concatenate([same[keep] for keep, same in pairs])
    one, two = int(same.sum()), int((~same).sum())
    if min(one, two) < ENOUGH:
        print(
            f"not calibrated{' and not weighed' * fused} by the validation persons, who give {one} "
            f"pairs of one person and {two} of two; {ENOUGH} of each are needed",
            file=sys.stderr,
        )
        return None, None

    def kept(scores: Iterable[Scores]) -> Scores:
        return np.concatenate([own[keep] for own, (keep, _) in zip(scores, pairs, strict=True)])

    probability = kept(own.probabilities(network) for own, network in parts)
    if not fused:
        return calibration.fit(probability, same), None
    distance = kept(own.distances(network) for own, network in parts)
    query = np.concatenate(
        [len(pairs) * np.nonzero(keep)[0] + i for i, (keep, _) in enumerate(pairs)]
    )
    fusion = fit(probability, distance, same, query)
    if takes:
        probability = kept(own.probabilities(weighed(network, fusion)) for own, network in parts)
    return calibration.fit(probability, same), fusion


def weighed(network: Network, fusion: Fusion | None) -> Network:
    """Return a network whose verdict weighs logit and distance as validation persons have them.

    What memorised the training persons counts for too much on others: joint maps, mostly. A copy of
    a network whose pair head takes the distance; any other itself, and without weights.
    """
    if fusion is None or not network.takes_distance:
        return network
    own = deepcopy(network)
    assert own.pair is not None
    own.pair.weigh(fusion.logit, fusion.distance, fusion.bias)
    return own
