"""What a network can do: the one type that training, scoring and inference know."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor, nn

from mtdnet.networks.heads import PairHead
from mtdnet.networks.trunks import TRUNKS

Grid = tuple[int, int]
Reader = Callable[[Path], dict[str, Tensor]]


class Trunk(nn.Module, ABC):
    """The layers that every image passes once, shared by the heads.

    ``name``: its key in ``TRUNKS``; ``channels`` C and ``grid`` (h, w) of its maps
    (B, C, h, w); ``zero``: the RGB colour, as bytes, that ``prepare`` brings nearest to zero;
    ``readers``: suffix of a file of ImageNet weights -> what returns its tensors by the names of
    the trunk's own. ``width`` in (0, 1] scales its layers.
    """

    name: ClassVar[str]
    grid: ClassVar[Grid]
    zero: ClassVar[tuple[int, int, int]]
    readers: ClassVar[Mapping[str, Reader]]
    channels: int

    def __init__(self, width: float) -> None:
        super().__init__()
        self.width = width

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images that it takes, in pixels."""
        return TRUNKS[self.name].size

    @abstractmethod
    def draw(self) -> None:
        """Draw all weights."""

    @abstractmethod
    def prepare(self, pixels: Tensor) -> Tensor:
        """Turn RGB bytes (B, H, W, 3) into its input: float32 (B, 3, H, W), channels-last."""

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Return the maps (B, C, h, w) of prepared images, which the heads read."""


class Network(nn.Module, ABC):
    """A trunk and a way to rank; with ``pair``, also a verdict on two images.

    ``width`` scales the heads' layers, ``trunk_width`` (by default the same) the trunk's.
    ``feature_size``: values F of a ranking feature. ``pretrained``: what ImageNet's weights gave.
    """

    pair: PairHead | None
    feature_size: int
    pretrained: Sequence[str] = ()

    def __init__(
        self, width: float = 1.0, trunk_width: float | None = None, trunk: str = "caffenet"
    ) -> None:
        super().__init__()
        self.width = width
        # the trunk's libraries are loaded now
        kind: type[Trunk] = import_module(f"mtdnet.networks.{TRUNKS[trunk].module}").TRUNK
        self.trunk = kind(trunk_width or width)

    @property
    def takes_distance(self) -> bool:
        """Whether the pair head has the distance of ranking features as one more input."""
        return self.pair is not None and self.pair.distance is not None

    @property
    def trunk_width(self) -> float:
        """The trunk's width."""
        return self.trunk.width

    def fill(self, tensors: Mapping[str, Tensor], source: Path) -> list[str]:
        """Copy what a file of ImageNet weights has beside the trunk; return the layers' names."""
        return []

    @abstractmethod
    def features(self, maps: Tensor) -> Tensor:
        """Return ranking features (B, F), float32, unit length, of the trunk's maps."""

    def left(self, maps: Tensor) -> Tensor:
        """Return what the trunk's maps of an image add to a joint map as a pair's first image.

        (B, ``pair.half_channels``, h, w), of a network with a pair head, as ``right`` too.
        """
        assert self.pair is not None, "no pair head"
        return self.pair.left(maps, self._distance_features(maps))

    def right(self, maps: Tensor) -> Tensor:
        """Return what the trunk's maps of an image add to a joint map as a pair's second image."""
        assert self.pair is not None, "no pair head"
        return self.pair.right(maps, self._distance_features(maps))

    def _distance_features(self, maps: Tensor) -> Tensor | None:
        if not self.takes_distance:
            return None
        with torch.no_grad():  # the ranking head keeps to its own loss
            return self.features(maps)

    def embed(self, images: Tensor) -> Tensor:
        """Return ranking features (B, F) of prepared images."""
        return self.features(self.trunk(images))
