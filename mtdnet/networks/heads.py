"""The heads of MTDnet, on a trunk's maps of any grid."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mtdnet.networks.grouped_conv import channels, convolve


def flat(maps: Tensor) -> Tensor:
    """Return maps (B, C, h, w) as a fully connected layer reads them, (B, h w C).

    In memory order, channels last: the layers are drawn, so any fixed order serves.
    """
    return maps.permute(0, 2, 3, 1).flatten(1)


class RankingHead(nn.Module):
    """One fully connected layer: maps (B, C, h, w) -> ``f`` of eq. (1), (B, 512 width), unit.

    ``maps``: channels C; ``grid``: (h, w), the paper's is (13, 13).
    """

    def __init__(self, width: float, maps: int, grid: tuple[int, int]) -> None:
        super().__init__()
        self.fc = nn.Linear(maps * math.prod(grid), channels(512, width))

    def forward(self, maps: Tensor) -> Tensor:
        """Return L2-normalised float32 features, so that squared distances lie in [0, 4]."""
        return F.normalize(self.fc(flat(maps)).float())


class PairHead(nn.Module):
    """Third convolution to verdict, on the joint feature maps of two images.

    conv3 is linear until its ReLU and not grouped, so ``conv3([A; B]) = left(A) + right(B) + b``:
    both halves are computed once an image, and a pair costs an addition and ``tail``. ``maps``:
    channels C of one image's maps; ``grid``: their (h, w), the paper's is (13, 13).
    """

    def __init__(self, width: float, maps: int, grid: tuple[int, int]) -> None:
        super().__init__()
        third, fifth = channels(384, width), channels(256, width)
        hidden = channels(4096, width)
        self.conv3 = nn.Conv2d(2 * maps, third, 3, padding=1)
        self.conv4 = nn.Conv2d(third, third, 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(third, fifth, 3, padding=1, groups=2)
        self.pool = nn.MaxPool2d(3, stride=2)
        pooled = [(side - 3) // 2 + 1 for side in grid]
        self.fc6 = nn.Linear(fifth * math.prod(pooled), hidden)
        self.fc7 = nn.Linear(hidden, hidden)
        self.fc8 = nn.Linear(hidden, 2)
        self.drop = nn.Dropout(0.5)
        self.places, self.distance_maps = math.prod(grid), 0
        self.distance: nn.Linear | None = None

    def take_distance(self, features: int) -> None:
        """From now on take the squared distance of ranking features as one more input.

        ``features``: F of an image. Halves then carry these in ``distance_maps`` further channels,
        the right one with a minus, so that a joint map holds their difference ``d`` and the logit
        of "same" gains ``w |d|^2 + b``: 3 - 3 |d|^2 at first. The paper's head has no such input.
        """
        self.distance_maps = -(-features // self.places)
        self.distance = nn.Linear(1, 1)
        nn.init.constant_(self.distance.weight, -3.0)
        nn.init.constant_(self.distance.bias, 3.0)

    def leave_distance(self) -> None:
        """From now on take joint maps alone."""
        self.distance, self.distance_maps = None, 0

    def weigh(self, logit: float, distance: float, bias: float) -> None:
        """Make the logit of "same" ``logit m - distance |d|^2 + bias``, where it was ``m``.

        It changes the last layers of a head that takes the squared distance ``|d|^2``.
        """
        assert self.distance is not None
        with torch.no_grad():
            for value in *self.fc8.parameters(), *self.distance.parameters():
                value.mul_(logit)
            self.distance.weight.sub_(distance)
            self.distance.bias.add_(bias)

    @contextmanager
    def without_distance(self) -> Iterator[None]:
        """Let the verdict rest on joint maps alone for a while: on what they have learnt."""
        distance, self.distance = self.distance, None
        try:
            yield
        finally:
            self.distance = distance

    @property
    def half_channels(self) -> int:
        """Channels of a half."""
        return self.conv3.out_channels + self.distance_maps

    def left(self, maps: Tensor, features: Tensor | None = None) -> Tensor:
        """Convolve (B, C, h, w) by conv3's first half of input channels: (B, 384 width, ...).

        ``features``: (B, F) of a verdict that takes their distance.
        """
        own = F.conv2d(maps, self.conv3.weight[:, : maps.shape[1]], padding=1)
        return own if features is None else self._with_features(own, features)

    def right(self, maps: Tensor, features: Tensor | None = None) -> Tensor:
        """Convolve by conv3's second half, as ``left`` by its first."""
        own = F.conv2d(maps, self.conv3.weight[:, maps.shape[1] :], padding=1)
        return own if features is None else self._with_features(own, -features)

    def _with_features(self, maps: Tensor, features: Tensor) -> Tensor:
        values = self.distance_maps * self.places
        further = F.pad(features, (0, values - features.shape[1]))
        own = further.view(-1, self.distance_maps, *maps.shape[2:]).to(maps.dtype)
        return torch.cat([maps, own], dim=1)

    def response(self, joint: Tensor) -> Tensor:
        """Return fc7's responses (P, 4096 width), before ReLU, to sums of halves."""
        bias = self.conv3.bias
        assert bias is not None
        maps = (joint[:, : len(bias)] + bias.to(joint.dtype)[:, None, None]).relu()
        parts = convolve(maps, self.conv4, self.conv5)
        maps = torch.cat([self.pool(part) for part in parts], dim=1)
        response: Tensor = self.fc7(self.drop(self.fc6(flat(maps)).relu()))
        return response

    def joint_logits(self, response: Tensor) -> Tensor:
        """Return logits (P, 2) of joint maps alone, class 1 = same person, from fc7's responses."""
        hidden = self.drop(response.relu())
        # Logits rounded to bf16 tie, and ties decide ranks: so no matrix product, which autocast
        # would do in bf16, but float32 sums.
        products = hidden.float()[:, None] * self.fc8.weight.float()
        logits: Tensor = products.sum(2) + self.fc8.bias.float()
        return logits

    def verdict(self, logits: Tensor, joint: Tensor) -> Tensor:
        """Return logits (P, 2), float32, of joint maps and of the distance, where it is taken.

        ``logits``: of joint maps alone; ``joint``: the sums of halves that these come from.
        """
        if self.distance is None:
            return logits
        difference = joint[:, self.conv3.out_channels :].float()
        squared = difference.square().sum((1, 2, 3))
        same = squared * self.distance.weight.float()[0, 0] + self.distance.bias.float()[0]
        return logits + F.pad(same[:, None], (1, 0))

    def tail(self, joint: Tensor) -> Tensor:
        """Return logits (P, 2) from sums of halves (P, 384 width, h, w)."""
        return self.verdict(self.joint_logits(self.response(joint)), joint)

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return logits (P, 2) of P ordered pairs of maps, of a head that takes no distance."""
        return self.tail(self.left(first) + self.right(second))
