"""Scores of pairs of images: eight-fold probabilities, as published, and ranking distances.

The published score is the mean of eight passes' probabilities. Of a verdict that takes the ranking
distance it is that of their log odds: there its weights were fitted, and the distance ranks as by
itself. One confident pass of eight outweighs the others in a mean of probabilities.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, product
from threading import Lock

import numpy as np
import torch
from torch import Tensor

from mtdnet.device import Device, compiling
from mtdnet.networks.base import Network
from mtdnet.networks.fourier_tail import GRID, Tail
from mtdnet.scoring.distances import squared_distances
from mtdnet.scoring.extractor import MIRRORS, Extractor, Halves
from mtdnet.scoring.pieces import each
from mtdnet.scoring.tiles import Rows, Scores, Tile, grid, progress, tiling

QUERIES = 8  # views that a tail pairs with as many of the gallery as make its pairs
PAIRS = {"cpu": 256, "cuda": 4096}  # enough for the matrix units, few enough for the memory


class Scorer(Extractor):
    """Scores with one network on one device; many threads may ask one scorer at once.

    What is scored comes with each question, as ``images``, uint8 (R, H, W, 3) RGB, or as rows of
    ``pixels``, which are many of these. A network without a pair head has ``features`` and
    ``distances`` alone. On a processor the scores don't depend on
    its number of cores (``mtdnet.scoring.pieces``). ``compiled``: compile the tail when it is
    first passed, but for a processor's Fourier products; InputError there if that fails.
    """

    def __init__(self, network: Network, device: Device, compiled: bool = False) -> None:
        super().__init__(network, device)
        self.pairs, own = PAIRS[device.torch.type], self.network
        self.by_odds = own.takes_distance
        if own.pair is not None:
            # Products are what costs in float32; matrix units keep the plain layers.
            fourier = device.torch.type == "cpu" and not device.bf16 and own.trunk.grid == GRID
            self.logits: Callable[[Tensor], Tensor] = Tail(own.pair) if fourier else own.pair.tail
            if compiled and not fourier:
                self.logits = _alone(torch.compile(own.pair.tail))

    def tails(self, joint: Iterable[Tensor]) -> Tensor:
        """Return P(same person) (P,), float32 in [0, 1], of joint maps in pieces.

        A piece is (N, h, w, 384 width); a few hundred pairs keep a processor's core busy.
        """
        return self._same(torch.cat(list(each(self.device, self.tail, joint))))

    @torch.inference_mode()
    def tail(self, joint: Tensor) -> Tensor:
        """Return what a mean is taken of, (N,) of one piece, by one thread: see ``_same``."""
        with compiling("the tail"):
            logits = self.logits(joint.permute(0, 3, 1, 2))
        return logits[:, 1] - logits[:, 0] if self.by_odds else logits.softmax(1)[:, 1]

    def _same(self, mean: Tensor) -> Tensor:
        """Return P(same person) of the mean over passes, of log odds or of probabilities."""
        return mean.sigmoid() if self.by_odds else mean

    def _product(self, some: Tensor, others: Tensor, seen: Callable[[int], object]) -> Tensor:
        """Return the tails' (S, O) of sums of every one of some halves with every other one."""

        def work(piece: Tile) -> Tensor:
            return self._tails(some[piece[0]], others[piece[1]])

        out = some.new_empty((len(some), len(others)), dtype=torch.float32)
        columns = self.pairs // max(1, min(len(some), QUERIES))
        pieces = list(grid(len(some), len(others), QUERIES, columns))
        for piece, part in zip(pieces, each(self.device, work, pieces), strict=True):
            out[piece] = part
            seen(part.numel())
        # What filled a GPU may be gone: a product that still finds it full fails once more.
        self.pairs = min(2 * self.pairs, PAIRS[self.device.type])
        return out

    @torch.inference_mode()
    def _tails(self, some: Tensor, others: Tensor) -> Tensor:
        """Return the tails' (S, O) of one piece; on a full GPU, of its halves."""
        try:
            joint = (some[:, None] + others).flatten(0, 1)
            return self.tail(joint).view(len(some), len(others))
        except torch.OutOfMemoryError:
            side = int(len(others) > 1)
            if len(some) * len(others) == 1:
                raise
        self.pairs = max(QUERIES, self.pairs // 2)  # for the pieces to come
        if side:
            return torch.cat([self._tails(some, half) for half in others.tensor_split(2)], 1)
        return torch.cat([self._tails(half, others) for half in some.tensor_split(2)])

    def _eightfold(self, query: Halves, gallery: Halves, seen: Callable[[int], object]) -> Tensor:
        """Return the eight-fold P(same) (Q, G) of halves of plain and mirrored images."""
        (q_left, q_right), (g_left, g_right) = query, gallery
        first, second = self._product(q_left, g_right, seen), self._product(q_right, g_left, seen)
        folds = ((first + second) / 2).view(2, len(q_left) // 2, 2, len(g_left) // 2)
        return self._same(folds.mean((0, 2)))

    def against(self, query: Halves, gallery: Halves) -> Scores:
        """Return the eight-fold P(same person), (G,), of one query with G gallery images.

        Both are what ``halves`` returns, of one image and of G.
        """
        return self._eightfold(query, gallery, lambda count: None)[0].cpu().numpy()

    def once(self, query: Halves, rights: Tensor) -> Scores:
        """Return P(same person), (G,), by one pass: the query first, and no image mirrored.

        ``query`` as in ``against``; ``rights``: the gallery's right halves (G, h, w, 384 width).
        """
        return self._same(self._product(query[0][:1], rights, lambda count: None)[0]).cpu().numpy()

    def tiles(
        self,
        pixels: Tensor,
        query: Rows,
        gallery: Rows,
        tiles: Iterable[Tile],
        folds: int,
        seen: Callable[[int], object],
    ) -> Iterator[tuple[Tile, Scores]]:
        """Yield tiles of ``probabilities`` with their scores; ``seen`` gets counts of passes.

        Memory is that of a tile and of a piece a core, whatever Q and G. Halves of conv3 are
        computed once a gallery image, and a query once a tile. To keep all of them on disk wouldn't
        pay: of a query's 2,048 tails in a tile its two trunks and four halves take 0.3 % (0.6 % by
        Fourier products).
        """
        mirrors = MIRRORS if folds == 8 else (False,)
        for columns, column in groupby(tiles, key=lambda tile: tile[1]):
            of_gallery = self.halves(_images(pixels, gallery[columns]), mirrors)
            for rows, _ in column:
                of_query = self.halves(_images(pixels, query[rows]), mirrors)
                if folds == 8:
                    score = self._eightfold(of_query, of_gallery, seen)
                else:
                    score = self._same(self._product(of_query[0], of_gallery[1], seen))
                yield (rows, columns), score.cpu().numpy()

    def probabilities(self, pixels: Tensor, query: Rows, gallery: Rows, folds: int = 8) -> Scores:
        """Return P(same person), (Q, G), of every query row of ``pixels`` with every gallery row.

        ``folds`` 8: the mean over query plain or mirrored, gallery plain or mirrored, and both
        orders in the pair, of what the module says. 1: plain, query first, for validation.
        """
        out = np.empty((len(query), len(gallery)), np.float32)
        with progress(out.size * folds, disable=folds == 1) as bar:
            tiles = tiling(*out.shape)
            for tile, score in self.tiles(pixels, query, gallery, tiles, folds, bar.update):
                out[tile] = score
        return out

    def matched(self, first: Halves, second: Halves, folds: int = 8) -> Scores:
        """Return P(same person), (N,), of N pairs: of either side's ``halves``.

        ``folds`` as in ``probabilities``; 1 takes halves of plain images alone.
        """
        mirrors = 2 if folds == 8 else 1
        (a_left, a_right), (b_left, b_right) = (
            [side.view(mirrors, -1, *side.shape[1:]) for side in halves]
            for halves in (first, second)
        )
        orders = [(a_left, b_right), (b_left, a_right)][:mirrors]
        size = self.pairs // folds

        @torch.inference_mode()
        def work(start: int) -> Tensor:
            some = slice(start, start + size)
            joint = [
                left[i, some] + right[j, some]
                for left, right in orders
                for i, j in product(range(mirrors), repeat=2)
            ]
            return self._same(self.tail(torch.cat(joint)).view(folds, -1).mean(0))

        parts = each(self.device, work, range(0, a_left.shape[1], size))
        return torch.cat(list(parts)).cpu().numpy()

    def distances(self, pixels: Tensor, query: Rows, gallery: Rows) -> Scores:
        """Return squared distances of ranking features, (Q, G) in [0, 4]: MTDnet-trp.

        The mean of the four, query plain or mirrored x gallery plain or mirrored.
        """
        q, g = (
            torch.cat([self.features(_images(pixels, rows[i : i + 64])) for i in range(0, n, 64)])
            for rows, n in ((query, len(query)), (gallery, len(gallery)))
        )
        return squared_distances(q, g)


def _alone(compiled: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Let one thread at a time pass: what torch compiles fails in one thread while it traces."""
    lock = Lock()

    def passed(joint: Tensor) -> Tensor:
        with lock:
            return compiled(joint)

    return passed


def _images(pixels: Tensor, rows: Rows) -> Tensor:
    return pixels.index_select(0, torch.from_numpy(rows).to(pixels.device))
