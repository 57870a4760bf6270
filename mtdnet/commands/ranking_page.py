"""The page of a ranking: the query and its matches, in one file without a script or a request."""

import io
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from mtdnet.data.pixels import read_files

SIZE = 240, 480  # pixels, at most; a person is upright
MEASURES = {
    "probability": "Calibrated probability that both show one person, for a prior of one half.",
    "uncalibrated": "Probability that both show one person, by a network that is not calibrated.",
    "distance": "Squared distance of the ranking features, 0 to 4: this network only ranks.",
}


class Match(NamedTuple):
    """An image of a gallery, its rank from 1 on and its probability or distance."""

    rank: int
    file: Path
    score: float


def format_score(score: float, measure: str) -> str:
    """Return a score in digits; distances of unit vectors are often small."""
    return f"{score:.2f}" if measure == "probability" else f"{score:.4f}"


def ranking_page(
    query: Path,
    matches: Sequence[Match],
    measure: str,
    model: str,
    gallery: int,
    *,
    calibrated: bool,
) -> str:
    """Return the page as HTML; ``gallery``: how many images were ranked.

    Its images are small copies without their files' metadata. InputError when one can't be read.
    """
    from mtdnet.report.render import render  # a ranking without a page needs no templates

    kind = measure if calibrated or measure == "distance" else "uncalibrated"
    return render(
        "ranking.html",
        title=f"Most like {query.name}",
        summary=f"{len(matches):,} of {gallery:,} images, ranked by {model}. {MEASURES[kind]}",
        query={"source": _source(query), "file": str(query)},
        measure=measure,
        matches=[
            {
                "source": _source(m.file),
                "rank": m.rank,
                "file": str(m.file),
                "score": format_score(m.score, measure),
                "share": f"{m.score:.0%}" if measure == "probability" else "",
            }
            for m in matches
        ],
    )


def _source(file: Path) -> str:
    """Return a small copy of an image as a data URI."""
    ((image, _),) = read_files(Path(), [str(file)])
    image.thumbnail(SIZE)
    content = io.BytesIO()
    image.save(content, "JPEG", quality=90)
    return f"data:image/jpeg;base64,{b64encode(content.getvalue()).decode('ascii')}"
