"""The pair head's tail in float32 on a processor: its grouped convolutions as Fourier products.

Such a processor is bound by multiply-adds. Of the 241 M of a tail at full width, conv4 and conv5
take 187 M; here they take 36 M, and 13 M for the transforms.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from mtdnet.networks.heads import PairHead

SIDE, PERIOD = 13, 14  # 13 values and a zero, which pads both ends of a cyclic convolution
GRID = (SIDE, SIDE)  # of the trunk's maps that it is made for
REAL, COMPLEX = (0, 7), range(1, 7)  # the frequencies of real values; the rest mirror these
PAIRS = 64  # at a time: enough rows for the products, few enough for the caches


class Convolution:
    """A grouped 3 x 3 convolution with padding 1, and its bias, of maps 13 x 13.

    ``F(w * x) = F(w) F(x)`` with F the discrete Fourier transform of 14 x 14 (Mathieu, Henaff and
    LeCun 2013, "Fast Training of Convolutional Networks through FFTs"). By symmetry 4 real and 96
    complex coefficients suffice, and a complex product takes three real ones (Gauss):
    ``(a + bi)(c + di) = p - b (c + d) + (p + a (d - c)) i`` with ``p = c (a + b)``. That makes 292
    products of an input with an output channel, not 1,521. Transforms are products with small
    matrices, down and then across; they are unitary, so the rounding stays that of float32.
    """

    def __init__(self, plain: nn.Conv2d) -> None:
        assert plain.bias is not None
        weight = plain.weight.detach().reshape(plain.groups, -1, *plain.weight.shape[1:])
        taps = weight.permute(3, 4, 0, 2, 1).flatten(0, 1)  # (9, G, C, O)
        self.groups, self.channels = weight.shape[:2]
        # A constant has one coefficient, the sum of its 14 x 14 values.
        self.bias = plain.bias.detach().view(self.groups, -1) * PERIOD**2
        real, pairs = _waves(REAL, range(SIDE)).real, _waves(COMPLEX, range(SIDE))
        down = torch.cat([real, torch.stack([pairs.real, pairs.imag], 1).flatten(0, 1)])
        count = torch.tensor([1, 1, *[2] * 12]) / PERIOD  # how many frequencies one stands for
        self.down, self.down_back = down.float(), (down * count[:, None]).T.float()
        # Frequencies 0 and 7 down leave two rows of real values, every other one complex values.
        none, every = torch.empty(0, 2 * SIDE), _waves(range(PERIOD), range(SIDE))
        turn = torch.cat([every, 1j * every], 1)
        across = [(_twice(real), _twice(pairs.real), _twice(pairs.imag), 2)]
        across += [(none, turn.real, turn.imag, 1)] * len(COMPLEX)
        self.across = [_products(*piece[:3]) for piece in across]
        self.across_back = [_sums(*piece) for piece in across]
        kernels = [(_kernel(REAL, REAL).real, _kernel(REAL, COMPLEX))]
        kernels += [(torch.empty(0, 9), _kernel((k,), range(PERIOD))) for k in COMPLEX]
        self.kernels = [
            torch.tensordot(
                torch.cat([own, k.real, k.imag - k.real, k.real + k.imag]).float(), taps, 1
            )
            for own, k in kernels
        ]

    def __call__(self, maps: Tensor) -> Tensor:
        """Return (G, 13, 13, P, O / G) of float32 ``maps`` (G, 13, 13, P, C / G)."""
        pairs = maps.shape[3]
        out = maps.new_empty(self.groups, SIDE, SIDE, pairs, self.channels)
        for group in range(self.groups):
            pieces = (self.down @ maps[group].reshape(SIDE, -1)).view(7, 2 * SIDE, -1)
            back = maps.new_empty(7, 2 * SIDE, pairs * self.channels)
            for k, piece in enumerate(pieces):
                coefficients = (self.across[k] @ piece).view(len(self.across[k]), pairs, -1)
                product = torch.bmm(coefficients, self.kernels[k][:, group])
                if k == 0:
                    product[0] += self.bias[group]
                torch.mm(self.across_back[k], product.flatten(1), out=back[k])
            torch.mm(self.down_back, back.view(PERIOD, -1), out=out[group].view(SIDE, -1))
        return out


class Tail:
    """``PairHead.tail`` of a head in evaluation mode, float32 on a processor."""

    def __init__(self, head: PairHead) -> None:
        assert head.conv3.bias is not None
        self.head, self.bias = head, head.conv3.bias.detach().view(2, 1, 1, 1, -1)
        self.conv4, self.conv5 = Convolution(head.conv4), Convolution(head.conv5)

    def __call__(self, joint: Tensor) -> Tensor:
        """Return logits (P, 2) from sums of halves (P, 384 w, 13, 13)."""
        head = self.head
        maps = joint[:, : head.conv3.out_channels]
        hidden = torch.cat([self._pooled(some) for some in torch.split(maps, PAIRS)])
        return head.verdict(head.joint_logits(head.fc7(head.fc6(hidden).relu_())), joint)

    def _pooled(self, joint: Tensor) -> Tensor:
        pairs, depth = joint.shape[:2]
        maps = joint.reshape(pairs, 2, depth // 2, SIDE, SIDE).permute(1, 3, 4, 0, 2)
        first = torch.add(maps, self.bias, out=torch.empty(maps.shape)).relu_()
        maps = self.conv5(self.conv4(first).relu_())
        for side in (1, 2):  # max pool 3, stride 2; ReLU after it: the same on fewer values
            views = [maps.narrow(side, n, 11).unfold(side, 1, 2).squeeze(-1) for n in range(3)]
            maps = torch.maximum(torch.maximum(views[0], views[1]), views[2])
        return maps.relu_().permute(3, 1, 2, 0, 4).flatten(1)


def _waves(frequencies: Iterable[int], places: Iterable[int]) -> Tensor:
    """Return exp(-2 pi i f p / 14), (F, P), complex128."""
    angles = torch.outer(torch.tensor([*frequencies]), torch.tensor([*places]))
    return torch.exp(angles * (-2j * math.pi / PERIOD))


def _kernel(down: Iterable[int], across: Iterable[int]) -> Tensor:
    """Return the coefficients of a kernel's 9 taps, (F, 9): of a correlation, so conjugate."""
    return torch.kron(*(_waves(each, (-1, 0, 1)).conj().resolve_conj() for each in (down, across)))


def _twice(rows: Tensor) -> Tensor:
    return torch.kron(torch.eye(2, dtype=rows.dtype), rows)


def _products(own: Tensor, re: Tensor, im: Tensor) -> Tensor:
    """Return what makes the factors of products: real ones, and Gauss's a + b, a, b."""
    return torch.cat([own, re + im, re, im]).float()


def _sums(own: Tensor, re: Tensor, im: Tensor, count: int) -> Tensor:
    """Return what makes values of products: the transposed transform, by Gauss's sums."""
    return (torch.cat([own, *(count * each for each in (re + im, im, -re))]) / PERIOD).T.float()
