"""``mtdnet rank``: the images of a folder, or of its index, in order of likeness to a query."""

from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from mtdnet.commands.model import named, note_asked
from mtdnet.commands.output import Answer, bar, note
from mtdnet.commands.ranking_page import Match, format_score, ranking_page
from mtdnet.data.pixels import read_files
from mtdnet.errors import InputError
from mtdnet.files import whole
from mtdnet.inference.image_files import images
from mtdnet.inference.model_file import fetched

PAGES = (".html", ".htm")  # so that a slip doesn't overwrite an image


class Search(NamedTuple):
    """How many ``images`` are ranked, by what, and the ``top`` best files with their scores."""

    images: int
    measure: str
    calibrated: bool
    best: Callable[[int], Sequence[tuple[Path, float]]]


def rank(
    parameters: Path,
    *,
    query: Path,
    gallery: Path,
    also: list[Path],
    tracks: bool,
    top: int,
    shortlist: int | None,
    html: Path | None,
    model: str | None,
) -> Answer:
    """Answer with the ``top`` images of the gallery; write them to the page ``html``, if named.

    ``also``: further images of the query's person. ``tracks``: each folder of images is one person,
    who is answered with by the first of them.
    """
    for name, number in (("top", top), ("shortlist", shortlist)):
        if number is not None and number < 1:
            raise InputError(f"--{name} must be at least 1, found {number}")
    if html and (html.suffix.lower() not in PAGES or html.is_dir()):
        raise InputError(f"{html}: no page; give it a name that ends in .html")
    next(read_files(Path(), [str(query)]))  # before a long wait
    from mtdnet.inference.index_store import is_index  # pydantic: only who ranks waits for it

    indexed = is_index(gallery)
    if shortlist is not None and not indexed:
        raise InputError(f"{gallery}: --shortlist needs an index; make one with `mtdnet index`")
    if indexed and (also or tracks):
        raise InputError(f"{gallery}: --also and --tracks need a folder of images, not an index")
    others = [] if indexed else _others(gallery, [query, *also])

    chosen = named(model, parameters)
    with fetched(chosen) as network:
        search = (
            _index(query, gallery, shortlist, network)
            if indexed
            else _tracks([query, *also], others, tracks, network)
            if also or tracks
            else _files(query, others, network)
        )
    measure = search.measure
    sure = search.calibrated or measure == "distance"
    note_asked(chosen, f": {search.images:,} images", calibrated=sure)
    best = search.best(top)
    matches = [Match(n, *best) for n, best in enumerate(best, start=1)]
    if html:
        with whole(html) as draft:
            page = ranking_page(
                query, matches, measure, chosen, search.images, calibrated=search.calibrated
            )
            draft.write_text(page, encoding="utf-8", errors="xmlcharrefreplace")
        note(f"wrote {html}")
    lines = [
        f"{m.rank:>4}  {format_score(m.score, measure):>{len(measure)}}  {m.file}" for m in matches
    ]
    ranked = [{"rank": m.rank, "file": str(m.file), measure: m.score} for m in matches]
    return Answer(
        "\n".join([f"rank  {measure}  file", *lines]),
        {
            "model": chosen,
            "calibrated": search.calibrated,
            "query": str(query),
            "gallery": search.images,
            "ranked": ranked,
        },
    )


def _files(query: Path, files: Sequence[Path], network: Path) -> Search:
    """Ask about every file."""
    import numpy as np

    from mtdnet.inference.verifier import Verifier  # torch takes seconds

    verifier = Verifier(network)

    def best(top: int) -> list[tuple[Path, float]]:
        with bar(len(files), "images") as progress:
            score = verifier.scores(query, files, progress.update)
        there = np.flatnonzero(~np.isnan(score))
        if not len(there):
            raise InputError(f"{query}: not one of the {len(files)} other images can be read")
        cost = score[there] if verifier.measure == "distance" else -score[there]
        order = there[np.argsort(cost, kind="stable")]
        return [(files[i], float(score[i])) for i in order[:top]]

    return Search(len(files), verifier.measure, verifier.calibrated, best)


def _tracks(query: list[Path], files: list[Path], tracks: bool, network: Path) -> Search:
    """Ask about persons of several images, by the mean of logits."""
    from mtdnet.inference.verifier import Verifier

    verifier = Verifier(network)
    by_folder = groupby(sorted(files, key=lambda file: (file.parent, file)), lambda f: f.parent)
    persons = [list(of) for _, of in by_folder] if tracks else [[file] for file in files]

    def best(top: int) -> list[tuple[Path, float]]:
        places = verifier.rank(query, persons, top)
        return [(persons[place][0], score) for place, score in places]

    return Search(len(persons), verifier.measure, verifier.calibrated, best)


def _index(query: Path, index: Path, shortlist: int | None, network: Path) -> Search:
    """Ask about the files of an index that are nearest to the query by ranking features."""
    from mtdnet.inference.search import SHORTLIST, Gallery

    gallery = Gallery(index, network)

    def best(top: int) -> Sequence[tuple[Path, float]]:
        return gallery.rank(query, top, shortlist or SHORTLIST)

    return Search(len(gallery), gallery.measure, gallery.calibrated, best)


def _others(gallery: Path, query: Sequence[Path]) -> list[Path]:
    """Return the image files below a folder, without the query's own; InputError when none."""
    own = [file for file in query if file.exists()]
    others = [file for file in images(gallery) if not any(map(file.samefile, own))]
    if not others:
        raise InputError(f"{gallery}: no image files but the query; name another folder")
    return others
