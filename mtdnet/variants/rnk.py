"""MTDnet-rnk: the triplet loss alone, on a whole AlexNet."""

from typing import ClassVar

from torch import Tensor

from mtdnet.losses.batch import DeviceBatch, identity_losses
from mtdnet.losses.triplet import triplet_loss
from mtdnet.networks.alexnet import AlexNet
from mtdnet.variants import Systems, Variant


class Ranking(Variant):
    """As deep as MTDnet, trained and tested with distances."""

    systems: ClassVar[Systems] = {"MTDnet-rnk": "ranking"}
    start = "rnk"
    kind = AlexNet

    def losses(self, target: DeviceBatch, source: DeviceBatch | None) -> dict[str, Tensor]:
        """Return the triplet loss, eq. (1), and the identity loss where it is asked for."""
        features = self.network.embed(target.images(self.network))
        rule, triplets = self.settings.triplet, target.batch.triplets
        ranked = {"triplet": triplet_loss(features, triplets, rule.margin, rule.hardest)}
        return ranked | identity_losses(features, target, self.settings, self.classes)


VARIANT = Ranking
