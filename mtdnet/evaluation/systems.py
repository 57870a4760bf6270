"""The test persons' scores by each system that a network is scored as."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from torch import Tensor

from mtdnet.artifacts import Fusion
from mtdnet.metrics.fusion import fused
from mtdnet.metrics.rerank import rerank
from mtdnet.params import Rerank
from mtdnet.scoring import resumable
from mtdnet.scoring.scorer import Scorer
from mtdnet.scoring.tiles import Rows, Scores
from mtdnet.variants import Head, Systems


def scored(
    systems: Systems,
    scorer: Scorer,
    rows: tuple[Tensor, Rows, Rows],
    network: Path,
    checkpoints: Path,
    fusion: Fusion | None,
    settings: Rerank | None,
) -> Iterator[tuple[str, Head, Scores]]:
    """Yield each system, the head that scores it, and its scores (Q, G).

    A pair head's are probabilities, a ranking head's distances, those of both log odds; without
    ``fusion`` there are none of these, and a line says so. With ``settings`` of re-ranking, what
    is scored by distances is scored so too. ``rows``: pixels, query and gallery, as ``Scorer`` has.
    """
    pixels, query, gallery = rows
    by_head: dict[Head, Scores] = {}
    for system, head in systems.items():
        if head == "pair":
            by_head[head] = resumable.probabilities(scorer, *rows, network, checkpoints)
        elif head == "ranking":
            by_head[head] = scorer.distances(*rows)
        elif fusion is None:
            print(f"{network}: no weights of both heads, so no {system}", file=sys.stderr)
            continue
        else:
            odds = fused(fusion, by_head["pair"], by_head["ranking"])
            by_head[head] = odds.astype(np.float32)
        yield system, head, by_head[head]
        if head == "ranking" and settings is not None:
            every = np.concatenate([query, gallery])
            distance = scorer.distances(pixels, every, every)
            np.fill_diagonal(distance, 0)  # of an image to its mirrored self it is not
            cost = rerank(distance, len(query), **settings.model_dump())
            yield f"{system}-reranked", head, cost
