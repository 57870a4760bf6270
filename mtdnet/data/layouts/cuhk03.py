"""CUHK03 (Li et al. 2014), camera pairs 1 to 3: its .mat, or the images taken out of it."""

import re
from pathlib import Path

from mtdnet.data import mat
from mtdnet.data.scan import Entry, Listing, PublishedSize, by_name, files, only

LOOKED_FOR = (
    f"{mat.NAME}, or images_labeled/PAIR_PPP_V_II.png or .jpg (as images_labeled/"
    "1_001_1_01.png; images_detected where boxes is 'detected')"
)
# Of the labelled boxes; nobody published how many of the detected ones are of pairs 1 to 3.
PUBLISHED = {
    "labeled": PublishedSize(persons=1360, cameras=6, images=13164),
    "detected": PublishedSize(persons=1360, cameras=6, images=None),
}


def find(source: Path, boxes: str) -> Listing | None:
    """Find CUHK03 with boxes drawn by hand ("labeled") or by a detector ("detected").

    The benchmark's protocol uses camera pairs 1 to 3: of 4 and 5 nothing is read. The .mat is
    taken where both forms are; it alone has the 20 published test sets. Persons are
    "PAIR_PPP", cameras "1a" (view 1 of pair 1), "1b", "2a" ...
    """
    if mats := [f for f in files(source) if f.name == mat.NAME]:
        file = only(mats, source)
        entries, test_sets = mat.contents(file, boxes)
        beside = f"beside {mat.NAME}, which was taken"
        return Listing(
            file.parent, entries, PUBLISHED[boxes], test_sets, others=beside, read=mat.read
        )
    return by_name(
        source, rf"images_{boxes}/([1-5])_(\d{{3}})_([12])_\d{{2}}", _label, PUBLISHED[boxes]
    )


def _label(match: re.Match[str]) -> Entry | str:
    pair, person, view = match.groups()
    if int(pair) not in mat.PAIRS:
        return "camera pairs 4 and 5 are not of the protocol"
    return Entry(person=f"{pair}_{person}", camera=pair + mat.VIEWS[int(view) - 1], path=match[0])
