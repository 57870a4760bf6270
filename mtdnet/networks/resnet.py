"""The first three stages of torchvision's ResNet-50 as a trunk."""

import torch
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck

from mtdnet.networks.base import Trunk
from mtdnet.networks.grouped_conv import channels
from mtdnet.networks.pretrained import pth, safetensors

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # torchvision's, of RGB in [0, 1]
STAGES = ((64, 3, 1), (128, 4, 2), (256, 6, 2))  # channels within a block, blocks, stride


class ResNet(Trunk):
    """He et al. 2016, up to ``layer3``: (B, 3, 256, 128) -> maps (B, 1024 width, 16, 8).

    Three stages, not two: 128 places of 1,024 channels are near the 169 of 256 that the heads are
    made for; ``layer2`` gives 512, and a ranking head of twice the weights. Batch normalisation
    keeps the statistics that it starts with, and learns scales and shifts alone: a batch is filled
    up with images that no triplet names, a pair's score must not hang on the other images, and a
    continued training, or one of several processes, must be exact. Drawn, each block starts as the
    identity.
    """

    name = "resnet50"
    grid = (16, 8)
    zero = (124, 116, 104)
    readers = {".pth": pth, ".safetensors": safetensors}  # noqa: RUF012

    def __init__(self, width: float) -> None:
        super().__init__(width)
        inner = channels(64, width)
        self.conv1 = nn.Conv2d(3, inner, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.pool = nn.MaxPool2d(3, stride=2, padding=1)
        stages = []
        for full, blocks, stride in STAGES:
            outer = channels(full, width)
            stages.append(_stage(inner, outer, blocks, stride))
            inner = outer * Bottleneck.expansion
        self.layer1, self.layer2, self.layer3 = stages
        self.channels = inner
        self.train()

    def train(self, mode: bool = True) -> "ResNet":
        """Stay in evaluation mode, whatever the rest of the network does."""
        return super().train(False)

    def draw(self) -> None:
        """Draw as torchvision does, the last scale of each block zero (Goyal et al. 2017)."""
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d) and not layer.weight.is_meta:
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(layer, Bottleneck):
                nn.init.zeros_(layer.bn3.weight)

    def prepare(self, pixels: Tensor) -> Tensor:
        """Turn RGB bytes (B, 256, 128, 3) into its input: ``(x / 255 - mean) / std``."""
        # By whole rows: sums with three values are slow on a processor.
        width = pixels.shape[2]
        mean, std = (torch.tensor(of, device=pixels.device).repeat(width) for of in (MEAN, STD))
        rows = (pixels.flatten(2).float() / 255 - mean) / std
        return rows.view(pixels.shape).permute(0, 3, 1, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Return the maps that the heads read."""
        maps = self.pool(self.bn1(self.conv1(images)).relu())
        result: Tensor = self.layer3(self.layer2(self.layer1(maps)))
        return result


def _stage(inputs: int, inner: int, blocks: int, stride: int) -> nn.Sequential:
    """Return the blocks of a stage under torchvision's names."""
    outputs = inner * Bottleneck.expansion
    shortcut = nn.Sequential(
        nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
    )
    first = Bottleneck(inputs, inner, stride, shortcut)
    return nn.Sequential(first, *(Bottleneck(outputs, inner) for _ in range(1, blocks)))


TRUNK = ResNet
