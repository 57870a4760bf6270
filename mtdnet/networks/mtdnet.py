"""MTDnet (figure 2 of the paper): a trunk, a ranking head and a pair head."""

from torch import Tensor, nn
from torch.nn import functional as F

from mtdnet.networks.trunk import Trunk, channels


class RankingHead(nn.Module):
    """One fully connected layer: maps (B, 256 w, 13, 13) -> ``f`` of eq. (1), (B, 512 w), unit."""

    def __init__(self, width: float) -> None:
        super().__init__()
        self.fc = nn.Linear(channels(256, width) * 13 * 13, channels(512, width))

    def forward(self, maps: Tensor) -> Tensor:
        """Return L2-normalised float32 features, so that squared distances lie in [0, 4]."""
        # Flattened in memory order (channels last): the layer is drawn, so any fixed order serves.
        return F.normalize(self.fc(maps.permute(0, 2, 3, 1).flatten(1)).float())


class PairHead(nn.Module):
    """Third convolution to verdict, on the joint feature maps of two images.

    conv3 is linear until its ReLU and not grouped, so ``conv3([A; B]) = left(A) + right(B) + b``:
    both halves are computed once an image, and a pair costs an addition and ``tail``.
    """

    def __init__(self, width: float) -> None:
        super().__init__()
        maps, third, fifth = channels(256, width), channels(384, width), channels(256, width)
        hidden = channels(4096, width)
        self.conv3 = nn.Conv2d(2 * maps, third, 3, padding=1)
        self.conv4 = nn.Conv2d(third, third, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(third, fifth, 3, padding=1, groups=2)
        self.pool = nn.MaxPool2d(3, stride=2)
        self.fc6 = nn.Linear(fifth * 6 * 6, hidden)
        self.fc7 = nn.Linear(hidden, hidden)
        self.fc8 = nn.Linear(hidden, 2)
        self.drop = nn.Dropout(0.5)

    def left(self, maps: Tensor) -> Tensor:
        """Convolve (B, 256 w, 13, 13) by conv3's first half of input channels: (B, 384 w, ...)."""
        return F.conv2d(maps, self.conv3.weight[:, : maps.shape[1]], padding=1)

    def right(self, maps: Tensor) -> Tensor:
        """Convolve by conv3's second half, as ``left`` by its first."""
        return F.conv2d(maps, self.conv3.weight[:, maps.shape[1] :], padding=1)

    def tail(self, joint: Tensor) -> Tensor:
        """Return logits (P, 2), class 1 = same person, from sums of halves (P, 384 w, 13, 13)."""
        bias = self.conv3.bias
        assert bias is not None
        maps = (joint + bias.to(joint.dtype)[:, None, None]).relu()
        maps = self.conv5(self.conv4(maps).relu()).relu()
        hidden = self.pool(maps).permute(0, 2, 3, 1).flatten(1)
        hidden = self.drop(self.fc6(hidden).relu())
        hidden = self.drop(self.fc7(hidden).relu())
        # Logits rounded to bf16 tie, and ties decide ranks: so no matrix product, which autocast
        # would do in bf16, but float32 sums.
        products = hidden.float()[:, None] * self.fc8.weight.float()
        logits: Tensor = products.sum(2) + self.fc8.bias.float()
        return logits

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return logits (P, 2) of P ordered pairs of maps."""
        return self.tail(self.left(first) + self.right(second))


class MTDnet(nn.Module):
    """The multi-task network; ``width`` 1.0 is the paper's, smaller ones are for demos.

    Weights are drawn as published: Gaussian, std 0.01 (convolutions, fc8) or 0.005 (fc6, fc7,
    ranking head); biases 0.1 for fully connected layers but fc8, 0 for the rest. A narrower
    layer's std grows so that its output keeps the size that it has at full width.
    """

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        self.width = width
        self.trunk = Trunk(width)
        self.ranking = RankingHead(width)
        self.pair = PairHead(width)
        for name, layer in self.named_modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                hidden = name in ("pair.fc6", "pair.fc7", "ranking.fc")
                scale = 1.0 if name == "trunk.conv1" else width**-0.5
                nn.init.normal_(layer.weight, std=(0.005 if hidden else 0.01) * scale)
                assert layer.bias is not None
                nn.init.constant_(layer.bias, 0.1 if hidden else 0.0)
