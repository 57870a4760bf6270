"""The images of a large gallery most like a query: shortlist, finalists, verdict."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from mtdnet.data.picture import ImageLike, source
from mtdnet.errors import InputError
from mtdnet.inference.features import Describer, pixels, unpacked
from mtdnet.inference.image_files import unchanged
from mtdnet.inference.index_store import Store
from mtdnet.inference.model_file import fetched
from mtdnet.inference.nearest import nearest
from mtdnet.inference.readable import readable
from mtdnet.scoring.distances import squared
from mtdnet.scoring.extractor import Halves

SHORTLIST = 1000
FINALISTS, PART = 100, 10  # so many, or that part of a long shortlist, get all eight passes
BLOCK = 64  # images of the shortlist in memory at a time

Rows = NDArray[np.int64]


class GalleryImage(NamedTuple):
    """An image file of a gallery and its ``score``, by the gallery's ``measure``."""

    file: Path
    score: float


class Gallery:
    """A gallery that ``build`` indexed, asked with the network that it was indexed with.

    It keeps nothing of a question: threads may share one.
    ``measure`` is "probability", in [0, 1], ``calibrated`` or not; of a network that only ranks,
    "distance", the mean squared distance of ranking features, in [0, 4]. Raises InputError when the
    index is none or another network's.
    """

    def __init__(self, index: Path, network: Path) -> None:
        self._store, self._describer = Store.open(index), Describer(network)
        made = self._store.facts.network
        if made != self._describer.sha256:
            raise InputError(
                f"{index}: made with another network (SHA-256 {made[:12]}...) than {network}; "
                "name that one by --model, or index again"
            )
        self.measure = self._describer.measure
        self.calibrated = self._describer.temperature is not None

    @classmethod
    def load(cls, index: str | Path, model: str | Path) -> Self:
        """Return the gallery at ``index``; ``model`` as of ``Verifier.load``."""
        with fetched(str(model)) as network:
            return cls(Path(index), network)

    def __len__(self) -> int:
        return len(self._store.files) - len(self._store.facts.left_out)

    def rank(
        self, query: ImageLike, top: int = 10, shortlist: int = SHORTLIST
    ) -> list[GalleryImage]:
        """Return the ``top`` images most like a query, best first, the query's own file not.

        ``query``: a path, the bytes of a file, a Pillow image or an array uint8 (H, W, 3) RGB.

        The ``shortlist`` images nearest by ranking features, or ``top`` if that is more, are passed
        through the pair head once. The best tenth of them, but a hundred and ``top`` at least, are
        put in order by its eight-fold probability. A file that was changed since it was indexed is
        named on standard error and left out. Raises InputError when the query is no image, or no
        image of the shortlist is left, or what the index holds of one was changed.
        """
        describer, store = self._describer, self._store
        image = source(query, "query")
        own = image if isinstance(image, Path) else None
        features, halves = describer.describe(
            pixels([image], describer.size), describer.channels > 0
        )
        left_out = store.facts.left_out
        # One more: the query may be among them.
        count = min(max(top, shortlist) + 1 + len(left_out), len(store.files))
        point = features.cpu().numpy()
        (rows,) = nearest(store.features, point, count)
        home = Path(store.facts.images)
        rows = rows[~np.isin(rows, left_out)]
        found, there = readable(
            store.files.take(rows).to_pylist(), lambda some: [unchanged(home, row) for row in some]
        )
        same = dict(zip(found, there or (), strict=True))
        others = [i for i, file in same.items() if own is None or not file.samefile(own)]
        near = others[: max(top, shortlist)]
        if not near:
            raise InputError(f"{home}: no image is left to rank; index it anew")
        rows, files = rows[near], [same[i] for i in near]
        if halves is None:
            scores = squared(store.features[rows] @ point[0])
            return [GalleryImage(files[i], float(scores[i])) for i in _best(scores, top)]
        wanted = max(top, FINALISTS, len(rows) // PART)
        if len(rows) > wanted:
            first = [describer.scorer.once(halves, right) for right in self._rights(rows, files)]
            best = _best(-np.concatenate(first), wanted)
            rows, files = rows[best], [files[i] for i in best]
        every = [describer.scorer.against(halves, other) for other in self._halves(rows, files)]
        probability = describer.calibrated(np.concatenate(every))
        return [GalleryImage(files[i], float(probability[i])) for i in _best(-probability, top)]

    def _rights(self, rows: Rows, files: list[Path]) -> Iterator[Tensor]:
        """Yield the right halves (N, h, w, C) of plain images of the index, block by block."""
        scorer, store = self._describer.scorer, self._store
        if not store.has_halves:
            for _, right in self._halves(rows, files):
                yield right[: len(right) // 2]
            return
        for start in _starts(rows):
            plain = torch.from_numpy(store.rights(rows[start : start + BLOCK]))
            yield plain.to(scorer.device, scorer.type)

    def _halves(self, rows: Rows, files: list[Path]) -> Iterator[Halves]:
        """Yield the halves of rows of the index, block by block."""
        scorer, store = self._describer.scorer, self._store
        for start in _starts(rows):
            if not store.has_halves:
                some = files[start : start + BLOCK]
                yield scorer.halves(pixels(some, self._describer.size))
            else:
                there = torch.from_numpy(store.halves(rows[start : start + BLOCK]))
                yield unpacked(there.to(scorer.device, scorer.type))


def _best(costs: NDArray[np.floating], count: int) -> NDArray[np.intp]:
    return np.argsort(costs, kind="stable")[:count]


def _starts(rows: Rows) -> "tqdm[int]":
    return tqdm(range(0, len(rows), BLOCK), desc="score", delay=1, disable=None, leave=False)
