"""Market-1501 (Zheng et al. 2015) and other sets that carry its names.

``PPPP_cCsS_FFFFFF_BB.jpg`` in ``bounding_box_train``, ``query`` and ``bounding_box_test``.
"""

import re
from dataclasses import replace
from pathlib import Path

from mtdnet.data.scan import Entry, Listing, by_name

LOOKED_FOR = (
    "PPPP_cCsS_FFFFFF_BB.jpg (as 0002_c1s1_000451_03.jpg) in bounding_box_train, query and "
    "bounding_box_test"
)
FOLDERS = {
    "bounding_box_train": ("train", ""),
    "query": ("test", "query"),
    "bounding_box_test": ("test", "gallery"),
}


def find(source: Path, _boxes: str) -> Listing | None:
    """Find Market-1501's names, with part and role from the folders; cameras "c1", "c2", ...

    Ids may have any number of digits. Junk (-1) is left out; distractors, whose id is 0, stay in
    the gallery. No published counts: other sets than Market-1501 have the same names.
    """
    listing = by_name(source, rf"({'|'.join(FOLDERS)})/(-1|\d+)_(c\d+)s\d+_\d+_\d+", _label)
    return listing and replace(
        listing, distractors=frozenset(e.person for e in listing.entries if not int(e.person))
    )


def _label(match: re.Match[str]) -> Entry | str:
    folder, person, camera = (word.lower() for word in match.groups())
    if person == "-1":
        return "junk: its id is -1"
    return Entry(person, camera, match[0], *FOLDERS[folder])
