"""Scores of pairs of images, as published: eight-fold probabilities and ranking distances."""

import copy
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from mtdnet.device import Device, compiling
from mtdnet.networks.fourier_tail import Tail
from mtdnet.networks.mtdnet import MTDnet, PairHead
from mtdnet.networks.serialization import Network
from mtdnet.networks.trunk import prepare

ROWS, COLUMNS = 16, 256  # queries and gallery images of a tile: a minute's work on a processor
QUERIES = 8  # views that a tail pairs with as many of the gallery as make its pairs
PAIRS = {"cpu": 256, "cuda": 4096}  # enough for the matrix units, few enough for the memory
MIRRORS = (False, True)

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]
Halves = tuple[Tensor, Tensor]
Tile = tuple[slice, slice]


class Scorer:
    """Scores with one network on one device; ``pixels``: uint8 (M, 227, 227, 3) RGB.

    A network without a pair head has ``features`` and ``distances`` alone. ``compiled``: compile
    the tail when it is first passed, but for a processor's Fourier products; InputError there if
    that fails.
    """

    def __init__(
        self, network: Network, pixels: Tensor, device: Device, compiled: bool = False
    ) -> None:
        # A copy in the product's own format: autocast would convert the weights for every tile.
        self.type = torch.bfloat16 if device.bf16 else torch.float32
        own = copy.deepcopy(network).to(device.torch, self.type).eval()
        self.network = own.to(memory_format=torch.channels_last)
        self.pixels, self.device = pixels, device.torch
        self.pairs = PAIRS[device.torch.type]
        if isinstance(own, MTDnet):
            # Products are what costs in float32; matrix units keep the plain layers.
            fourier = device.torch.type == "cpu" and not device.bf16
            self.logits: Callable[[Tensor], Tensor] = Tail(own.pair) if fourier else own.pair.tail
            if compiled and not fourier:
                self.logits = torch.compile(own.pair.tail)

    @property
    def _pair(self) -> PairHead:
        assert isinstance(self.network, MTDnet), "no pair head"
        return self.network.pair

    def _images(self, rows: Rows, mirrored: bool) -> Tensor:
        chosen = self.pixels[torch.from_numpy(rows).to(self.pixels.device)]
        chosen = chosen.to(self.device)
        return prepare(chosen.flip(2) if mirrored else chosen).to(self.type)

    @torch.inference_mode()
    def features(self, rows: Rows, mirrored: bool) -> Tensor:
        """Return ranking features (R, 512 w), float32, unit length, of rows of the images."""
        blocks = _blocks(rows, 64)
        return torch.cat([self.network.embed(self._images(block, mirrored)) for block in blocks])

    @torch.inference_mode()
    def halves(self, rows: Rows, mirrors: tuple[bool, ...]) -> Halves:
        """Return conv3's two halves, each (mirrors x R, 13, 13, 384 w), plain images first."""
        lefts, rights = [], []
        for mirrored in mirrors:
            for block in _blocks(rows, 64):
                maps = self.network.trunk(self._images(block, mirrored))
                lefts.append(self._pair.left(maps).permute(0, 2, 3, 1))
                rights.append(self._pair.right(maps).permute(0, 2, 3, 1))
        return torch.cat(lefts), torch.cat(rights)

    @torch.inference_mode()
    def tail(self, joint: Tensor) -> Tensor:
        """Return P(same person) (P,), float32 in [0, 1], of joint maps (P, 13, 13, 384 w)."""
        with compiling("the tail"):
            return self.logits(joint.permute(0, 3, 1, 2)).softmax(1)[:, 1]

    def _product(self, some: Tensor, others: Tensor, seen: Callable[[int], object]) -> Tensor:
        """Return P(same) (S, O) of sums of every one of some halves with every other one."""
        rows = []
        for block in torch.split(some, QUERIES):
            tiles = [
                self.tail((block[:, None] + tile).flatten(0, 1)).view(len(block), len(tile))
                for tile in torch.split(others, self.pairs // len(block))
            ]
            rows.append(torch.cat(tiles, dim=1))
            seen(rows[-1].numel())
        return torch.cat(rows)

    def _eightfold(self, query: Halves, gallery: Halves, seen: Callable[[int], object]) -> Tensor:
        """Return the eight-fold P(same) (Q, G) of halves of plain and mirrored images."""
        (q_left, q_right), (g_left, g_right) = query, gallery
        first, second = self._product(q_left, g_right, seen), self._product(q_right, g_left, seen)
        folds = ((first + second) / 2).view(2, len(q_left) // 2, 2, len(g_left) // 2)
        return folds.mean((0, 2)).float()

    def against(self, query: Halves, gallery: Halves) -> Scores:
        """Return the eight-fold P(same person), (G,), of one query with G gallery images.

        Both are what ``halves(rows, (False, True))`` returns, of one row and of G.
        """
        return self._eightfold(query, gallery, lambda count: None)[0].cpu().numpy()

    def once(self, query: Halves, rights: Tensor) -> Scores:
        """Return P(same person), (G,), by one pass: the query first, and no image mirrored.

        ``query`` as in ``against``; ``rights``: the right halves (G, 13, 13, 384 w) of the gallery.
        """
        return self._product(query[0][:1], rights, lambda count: None)[0].float().cpu().numpy()

    def tiles(
        self,
        query: Rows,
        gallery: Rows,
        tiles: Iterable[Tile],
        folds: int,
        seen: Callable[[int], object],
    ) -> Iterator[tuple[Tile, Scores]]:
        """Yield tiles of ``probabilities`` with their scores; ``seen`` gets counts of passes.

        Memory is that of a tile, whatever Q and G. Halves of conv3 are computed once a gallery
        image, and a query once a tile. To keep all of them on disk wouldn't pay: of a query's 2,048
        tails in a tile its two trunks and four halves take 0.3 % (0.6 % by Fourier products).
        """
        mirrors = MIRRORS if folds == 8 else (False,)
        for columns, column in groupby(tiles, key=lambda tile: tile[1]):
            of_gallery = self.halves(gallery[columns], mirrors)
            for rows, _ in column:
                of_query = self.halves(query[rows], mirrors)
                if folds == 8:
                    score = self._eightfold(of_query, of_gallery, seen)
                else:
                    score = self._product(of_query[0], of_gallery[1], seen)
                yield (rows, columns), score.cpu().numpy()

    def probabilities(self, query: Rows, gallery: Rows, folds: int = 8) -> Scores:
        """Return P(same person), (Q, G), of every query row with every gallery row.

        ``folds`` 8, as published: the mean over query plain or mirrored, gallery plain or
        mirrored, and both orders in the pair. 1: plain, query first, for validation.
        """
        out = np.empty((len(query), len(gallery)), np.float32)
        with progress(out.size * folds, disable=folds == 1) as bar:
            for tile, score in self.tiles(query, gallery, tiling(*out.shape), folds, bar.update):
                out[tile] = score
        return out

    def matched(self, first: Rows, second: Rows) -> Scores:
        """Return the eight-fold P(same person), (N,), of N pairs of rows."""
        parts = []
        for a, b in zip(
            _blocks(first, self.pairs // 8), _blocks(second, self.pairs // 8), strict=True
        ):
            (a_left, a_right), (b_left, b_right) = (self.halves(rows, MIRRORS) for rows in (a, b))
            folds = [
                left[i * len(a) :][: len(a)] + right[j * len(a) :][: len(a)]
                for left, right in ((a_left, b_right), (b_left, a_right))
                for i in (0, 1)
                for j in (0, 1)
            ]
            parts.append(self.tail(torch.cat(folds)).view(8, len(a)).mean(0))
        return torch.cat(parts).float().cpu().numpy()

    def distances(self, query: Rows, gallery: Rows) -> Scores:
        """Return squared distances of ranking features, (Q, G) in [0, 4]: MTDnet-trp.

        The mean of the four, query plain or mirrored x gallery plain or mirrored. Features are
        unit vectors, so ``|a - b|^2 = 2 - 2 a.b`` and the mean of products is that of the means.
        """
        q = sum(self.features(query, m) for m in (False, True)) / 2
        g = sum(self.features(gallery, m) for m in (False, True)) / 2
        assert isinstance(q, Tensor) and isinstance(g, Tensor)
        return (2 - 2 * (q @ g.T)).clamp_(0, 4).cpu().numpy()


def _blocks(rows: Rows, size: int) -> Iterator[Rows]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def tiling(queries: int, gallery: int) -> list[Tile]:
    """Return the tiles of a matrix (Q, G), those of the same gallery images together."""
    return [
        (slice(q, min(q + ROWS, queries)), slice(g, min(g + COLUMNS, gallery)))
        for g in range(0, gallery, COLUMNS)
        for q in range(0, queries, ROWS)
    ]


def progress(passes: int, done: int = 0, disable: bool = False) -> "tqdm[NoReturn]":
    """Return a bar of passes of the pair head."""
    return tqdm(
        total=passes, initial=done, unit=" passes", desc="score", unit_scale=True, disable=disable
    )
