"""The images of a large gallery most like a query: shortlist, then verdict."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from mtdnet.errors import InputError
from mtdnet.evaluation.calibration import calibrated
from mtdnet.gallery.describe import Describer, Halves, pixels, unpacked
from mtdnet.gallery.files import unchanged
from mtdnet.gallery.nearest import nearest
from mtdnet.gallery.store import Store

SHORTLIST = 200
BLOCK = 64  # images of the shortlist in memory at a time

Rows = NDArray[np.int64]


class Found(NamedTuple):
    """An image file of a gallery and its ``score``, by the gallery's ``measure``."""

    file: Path
    score: float


class Gallery:
    """A gallery that ``build`` indexed, asked with the network that it was indexed with.

    ``measure`` is "probability", calibrated, in [0, 1]; of a network that only ranks, "distance",
    the mean squared distance of ranking features, in [0, 4]. Raises InputError when the index is
    none or another network's.
    """

    def __init__(self, index: Path, network: Path) -> None:
        self._store, self._describer = Store.open(index), Describer(network)
        made = self._store.facts.network
        if made != self._describer.sha256:
            raise InputError(
                f"{index}: made with another network (SHA-256 {made[:12]}...) than {network}; "
                "name that one by --model, or index again"
            )
        self.measure = "distance" if self._describer.temperature is None else "probability"

    def __len__(self) -> int:
        return len(self._store.files)

    def rank(self, query: Path, top: int = 10, shortlist: int = SHORTLIST) -> list[Found]:
        """Return the ``top`` images most like a query image, best first, the query's own file not.

        The ``shortlist`` images nearest by ranking features, or ``top`` if that is more, are put
        in order by the pair head's eight-fold probability. Raises InputError when the query is no
        image, or a file of the shortlist was changed since it was indexed.
        """
        describer, store = self._describer, self._store
        asked = pixels([query])
        features, halves = describer(asked, describer.channels > 0)
        wanted = min(max(top, shortlist) + 1, len(self))  # one more: the query may be among them
        point = features.cpu().numpy()
        (rows,) = nearest(store.features, point, wanted)
        home = Path(store.facts.images)
        files = [unchanged(home, row) for row in store.files.take(rows).to_pylist()]
        kept = [i for i, file in enumerate(files) if not file.samefile(query)][
            : max(top, shortlist)
        ]
        rows, files = rows[kept], [files[i] for i in kept]
        if halves is None:
            scores = np.clip(2 - 2 * (store.features[rows] @ point[0]), 0, 4)
            order = np.argsort(scores, kind="stable")
        else:
            scores = self._probability(halves, rows, files)
            order = np.argsort(-scores, kind="stable")
        return [Found(files[i], float(scores[i])) for i in order[:top]]

    def _probability(self, query: Halves, rows: Rows, files: list[Path]) -> NDArray[np.float64]:
        """Return the calibrated P(same person) (N,) of a query with rows of the index."""
        describer, found = self._describer, [np.empty(0, np.float32)]
        scorer = describer.scorer
        starts = range(0, len(rows), BLOCK)
        for start in tqdm(starts, desc="score", delay=1, disable=None, leave=False):
            if self._store.halves is None:
                _, other = describer(pixels(files[start : start + BLOCK]), halves=True)
                assert other is not None, "a pair head has halves"
            else:
                kept = torch.from_numpy(self._store.halves[rows[start : start + BLOCK]])
                left, right = unpacked(kept.to(scorer.device))
                other = left.to(scorer.type), right.to(scorer.type)
            found.append(scorer.against(query, other))
        assert describer.temperature is not None, "a pair head is calibrated"
        return calibrated(np.concatenate(found), describer.temperature)
