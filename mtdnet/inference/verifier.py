"""Same person? The verdict of a trained network on images, as pairs or as a ranked gallery."""

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, Self, overload

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mtdnet.data.picture import ImageLike, Source, is_one, source, sources, track
from mtdnet.errors import InputError
from mtdnet.inference.features import Describer, pixels
from mtdnet.inference.model_file import fetched
from mtdnet.inference.pairs import Progress, Scores, pair_scores
from mtdnet.inference.readable import readable
from mtdnet.metrics.calibration import pooled
from mtdnet.scoring.distances import squared, squared_distances

BLOCK = 64  # images in memory at a time

Person = ImageLike | Sequence[Any]  # one image, or several of one person: a track
Persons = list[Any] | tuple[Any, ...]


class GalleryPlace(NamedTuple):
    """The ``place`` of an image in a gallery, from 0, and its ``score`` by the measure."""

    place: int
    score: float


class Verifier:
    """Answers for one trained network, a ``network.safetensors``; InputError when it is none.

    It keeps nothing of a question: threads may share one. ``measure`` is "probability" for a
    network with a pair head. Another one only ranks: by "distance", that of its ranking features.
    ``calibrated`` tells whether probabilities are: not where too few persons validated the network.

    An image is a path, the bytes of a file, a Pillow image or an array uint8 (H, W, 3) RGB. A track
    is a sequence of images of one person; every image of one track is asked with every one of the
    other, and the answer is that of the mean of their logits. ``folds``: 8 as published, or 1, one
    pass of the plain images, left first, at an eighth of the price. ``progress`` gets counts of
    pairs or images that are done.
    """

    def __init__(self, network: Path) -> None:
        self._describer = Describer(network)
        self.measure = self._describer.measure
        self.calibrated = self._describer.temperature is not None

    @classmethod
    def load(cls, model: str | Path) -> Self:
        """Return the verifier of a network's file, its folder, or of ``models:/NAME@ALIAS``."""
        with fetched(str(model)) as network:
            return cls(network)

    @overload
    def same(self, left: ImageLike, right: ImageLike, folds: int = ...) -> float: ...

    @overload
    def same(self, left: Persons, right: Persons, folds: int = ...) -> Scores: ...

    def same(self, left: Any, right: Any, folds: int = 8) -> float | Scores:
        """Return the calibrated P(same person) of one pair, or (N,) of N pairs, in [0, 1].

        Two sequences are N pairs; where one of them holds a sequence, that is a track. Raises what
        ``probability`` does.
        """
        if is_one(left) and is_one(right):
            return float(self.probability([left], [right], folds)[0])
        if is_one(left) or is_one(right):
            raise InputError("an image and a sequence make no pairs; give two images, or two lists")
        return self.probability(left, right, folds)

    def probability(
        self,
        left: Sequence[Person],
        right: Sequence[Person],
        folds: int = 8,
        progress: Progress = lambda count: None,
    ) -> Scores:
        """Return the calibrated P(same person) of each pair of images or tracks, (N,) in [0, 1].

        It answers for a prior of one half. By the eight passes of the paper's test, as
        ``mtdnet.scoring.scorer`` averages them, so the order in a pair doesn't matter. An image
        that stands in several pairs is read and passed through the trunk once, among
        ``pairs.IN_MEMORY`` of them. Raises InputError when the network only ranks, the lists differ
        in length, or an image is missing or none.
        """
        if self.measure != "probability":
            raise InputError(
                f"{self._describer.source}: this network only ranks, it has no pair head; "
                "name another one"
            )
        if folds not in (8, 1):
            raise InputError(f"folds must be 8 or 1, found {folds!r}")
        if len(left) != len(right):
            raise InputError(f"{len(left)} left and {len(right)} right images make no pairs")
        tracks = [
            [track(person, f"{side} {n}") for n, person in enumerate(given)]
            for side, given in (("left", left), ("right", right))
        ]
        pairs = [list(product(*both)) for both in zip(*tracks, strict=True)]
        every = [pair for some in pairs for pair in some]
        scores = pair_scores(self._describer, every, folds, progress)
        if len(scores) == len(left):
            return self._describer.calibrated(scores)
        group = np.repeat(np.arange(len(pairs)), [len(some) for some in pairs])
        return self._describer.calibrated(pooled(scores, group, len(pairs)))

    def rank(
        self,
        query: Person,
        gallery: Sequence[Person],
        top: int | None = None,
        folds: int = 8,
        shortlist: int | None = None,
    ) -> list[GalleryPlace]:
        """Return the ``top`` images or tracks of a gallery most like the query, best first.

        All of them by default. With a ``shortlist`` only so many, but ``top`` at least, nearest by
        ranking features are put to the pair head. Raises InputError for what is no image, or
        ``folds`` as in ``probability``.
        """
        own = track(query, "query")
        others = [track(person, f"gallery {n}") for n, person in enumerate(gallery)]
        rows = np.arange(len(others))
        if self.measure == "distance" or (shortlist and shortlist < len(others)):
            near = self._distances(own, others)
            order = np.argsort(near, kind="stable")
            if self.measure == "distance":
                return [GalleryPlace(int(i), float(near[i])) for i in order[:top]]
            rows = np.sort(order[: max(shortlist or 0, top or 0)])
        scores = self.probability([own] * len(rows), [others[i] for i in rows], folds)
        best = np.argsort(-scores, kind="stable")[:top]
        return [GalleryPlace(int(rows[i]), float(scores[i])) for i in best]

    def scores(
        self,
        query: ImageLike,
        gallery: Sequence[ImageLike],
        progress: Progress = lambda count: None,
    ) -> Scores:
        """Return the score (G,) of each image of a gallery with the query, by ``measure``.

        Probabilities as of ``probability``, higher is more alike; or squared distances in [0, 4],
        lower is more alike; NaN for an image of the gallery that can't be read, which is named on
        standard error. Memory is bounded, whatever the gallery's size. Raises InputError when the
        query is missing or no image.
        """
        blocks: list[Scores] = [np.empty(0)]
        score = self._against(pixels([source(query, "query")], self._describer.size))
        images = sources(gallery, "gallery")
        for start in range(0, len(images), BLOCK):
            block = images[start : start + BLOCK]
            rows, there = readable(block, lambda some: pixels(some, self._describer.size))
            scores = np.full(len(block), np.nan)
            if there is not None:
                scores[rows] = score(there)
            blocks.append(scores)
            progress(len(block))
        return np.concatenate(blocks)

    def embed(self, images: Any) -> NDArray[np.float32]:
        """Return ranking features, (F,) of an image or (N, F) of N images, for one's own index.

        The mean of the plain and the mirrored image's unit vectors, so a little shorter than 1:
        ``2 - 2 a.b`` is the squared distance, in [0, 4], that the network ranks by.
        """
        if is_one(images):
            only: NDArray[np.float32] = self.embed([images])[0]
            return only
        some = sources(images, "image")
        features = [np.empty((0, self._describer.features), np.float32)]
        for start in range(0, len(some), BLOCK):
            block = pixels(some[start : start + BLOCK], self._describer.size)
            features.append(self._describer.scorer.features(block).cpu().numpy())
        return np.concatenate(features)

    def _distances(self, query: list[Source], gallery: list[list[Source]]) -> Scores:
        """Return squared distances (G,) in [0, 4] of tracks by the mean of their features."""
        tracks = [query, *gallery]
        every = self.embed([image for images in tracks for image in images])
        ends = np.cumsum([len(images) for images in tracks])[:-1]
        point, *others = (part.mean(0) for part in np.split(every, ends))
        return squared(np.array([point @ other for other in others]))

    def _against(self, query: Tensor) -> Callable[[Tensor], Scores]:
        """Return what scores images (G, ...) against one query (1, ...)."""
        describer, scorer = self._describer, self._describer.scorer
        if self.measure == "distance":
            point = scorer.features(query)
            return lambda images: squared_distances(point, scorer.features(images))[0]
        own = scorer.halves(query)
        return lambda images: describer.calibrated(scorer.against(own, scorer.halves(images)))
