"""All batches of a list of triplets, gathered before the first step."""

from collections.abc import Iterator

import torch
from torch import Tensor

from mtdnet.losses.batch import Batch, DeviceBatch


class Batches:
    """B batches of one shape: the most images and pairs that any of them has.

    ``images``: (B, I) int32, rows of the packed images, on the processor; the rest of each batch
    lies on ``device``, so that batch k is an index.
    """

    def __init__(self, images: Tensor, mirrors: Tensor, device: torch.device) -> None:
        """Gather triplets given as images and mirror flags, (B, 3, N) each."""
        count, _, size = images.shape
        item, triplets, _ = _distinct((images * 2 + mirrors).flatten(1))
        anchor, positive, negative = triplets.view(count, 3, size).unbind(1)
        most = item.shape[1]
        pairs = torch.cat([anchor * most + positive, anchor * most + negative], dim=1)
        pair, of_pair, weight = _distinct(pairs)
        positive, negative = torch.split(of_pair, size, dim=1)
        same = torch.zeros_like(weight).scatter_(1, positive, 1)
        lefts, first, _ = _distinct(pair // most)
        rights, second, _ = _distinct(pair % most)
        pairwise = (lefts, rights, first, second, same, weight, positive, negative)
        parts = [part.int() for part in (item % 2, triplets, *pairwise)]
        self.images = item.int() // 2
        self._sizes = [part.shape[1] for part in parts]
        self._rows = torch.cat(parts, dim=1).to(device)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> Batch:
        mirror, triplets, *pairwise = torch.split(self._rows[number].long(), self._sizes)
        return Batch(mirror, triplets.view(3, -1), *pairwise)


def pieces(whole: DeviceBatch, count: int) -> Iterator[DeviceBatch]:
    """Yield ``count`` batches of neighbouring triplets of one, which ``count`` divides."""
    of_whole = whole.batch
    for triplets in of_whole.triplets.chunk(count, dim=1):
        own = Batches(triplets[None], of_whole.mirror[triplets][None], whole.pixels.device)
        yield DeviceBatch(own[0], whole.pixels[own.images[0]])


def _distinct(values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return each row's distinct values, rising, which of them each value is, and their counts.

    ``values``: (B, K). Rows with fewer values than others (B, D) end in their least one, count 0.
    """
    rising, order = values.sort(dim=1)
    rank = (rising.diff(dim=1, prepend=rising[:, :1]) != 0).cumsum(1)
    which = torch.empty_like(rank).scatter_(1, order, rank)
    shape = len(values), int(rank[:, -1].max()) + 1
    distinct = rising[:, :1].expand(shape).clone().scatter_(1, rank, rising)
    counts = rank.new_zeros(shape).scatter_add_(1, rank, torch.ones_like(rank))
    return distinct, which, counts
