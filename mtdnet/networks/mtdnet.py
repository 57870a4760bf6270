"""MTDnet (figure 2 of the paper): a trunk, a ranking head and a pair head."""

from torch import Tensor

from mtdnet.networks.base import Network
from mtdnet.networks.heads import PairHead, RankingHead
from mtdnet.networks.weight_init import draw


class MTDnet(Network):
    """The multi-task network; 1.0 is the paper's width, smaller ones are for small machines.

    ImageNet weights need a trunk of full width.
    """

    pair: PairHead

    def __init__(
        self, width: float = 1.0, trunk_width: float | None = None, trunk: str = "caffenet"
    ) -> None:
        super().__init__(width, trunk_width, trunk)
        maps = self.trunk.channels, self.trunk.grid
        self.ranking = RankingHead(width, *maps)
        self.pair = PairHead(width, *maps)
        self.feature_size = self.ranking.fc.out_features
        self.trunk.draw()
        fed = {f"pair.{name}": width for name in ("conv4", "conv5", "fc6", "fc7", "fc8")}
        draw(self, fed | dict.fromkeys(("pair.conv3", "ranking.fc"), self.trunk_width))

    def features(self, maps: Tensor) -> Tensor:
        """Return the ranking head's features (B, 512 width)."""
        features: Tensor = self.ranking(maps)
        return features
