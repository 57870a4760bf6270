"""``mtdnet rank``: the images of a folder in order of likeness to a query."""

from pathlib import Path

import numpy as np

from mtdnet.commands.model import fetched, named
from mtdnet.commands.output import Answer, note
from mtdnet.commands.sheet import Match, sheet, told
from mtdnet.data.found import files
from mtdnet.data.pixels import read_files
from mtdnet.errors import InputError
from mtdnet.files import whole

IMAGES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
PAGES = (".html", ".htm")  # so that a slip doesn't overwrite an image


def rank(
    parameters: Path, *, query: Path, gallery: Path, top: int, html: Path | None, model: str | None
) -> Answer:
    """Answer with the ``top`` images of the gallery; write them to the page ``html``, if named."""
    if top < 1:
        raise InputError(f"--top must be at least 1, found {top}")
    if html and (html.suffix.lower() not in PAGES or html.is_dir()):
        raise InputError(f"{html}: no page; give it a name that ends in .html")
    next(read_files(Path(), [str(query)]))  # before a long wait
    searched = images(gallery, query)

    chosen = named(model, parameters)
    from mtdnet.verify import Verifier  # torch takes seconds

    with fetched(chosen) as network:
        verifier = Verifier(network)
    note(f"asked {chosen}: {len(searched):,} images")
    score, measure = verifier.rank(query, searched), verifier.measure
    order = np.argsort(score if measure == "distance" else -score, kind="stable")[:top]
    matches = [Match(n, searched[i], float(score[i])) for n, i in enumerate(order, start=1)]
    if html:
        with whole(html) as draft:
            page = sheet(query, matches, measure, chosen, len(searched))
            draft.write_text(page, encoding="utf-8", errors="xmlcharrefreplace")
        note(f"wrote {html}")
    lines = [f"{m.rank:>4}  {told(m.score, measure):>{len(measure)}}  {m.file}" for m in matches]
    ranked = [{"rank": m.rank, "file": str(m.file), measure: m.score} for m in matches]
    return Answer(
        "\n".join([f"rank  {measure}  file", *lines]),
        {"model": chosen, "query": str(query), "gallery": len(searched), "ranked": ranked},
    )


def images(gallery: Path, query: Path) -> list[Path]:
    """Return the image files below a folder, sorted, without the query itself.

    Raises InputError when it is no folder, or has none.
    """
    if not gallery.is_dir():
        raise InputError(f"{gallery}: no such folder; name the folder of the gallery's images")
    home = gallery.absolute()
    found = (gallery / file.relative_to(home) for file in files(gallery))
    kept = [f for f in found if f.suffix.lower() in IMAGES and not f.samefile(query)]
    if not kept:
        raise InputError(f"{gallery}: no image files to rank ({', '.join(IMAGES)})")
    return sorted(kept)
