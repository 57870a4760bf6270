"""PRID 2011, single shot (Hirzer et al. 2011): ``cam_a/person_NNNN.png``, ``cam_b/...``."""

import re
from pathlib import Path

from mtdnet.data.scan import Entry, Listing, PublishedSize, by_name

LOOKED_FOR = (
    "cam_a/person_NNNN.png and cam_b/person_NNNN.png (as prid_2011/single_shot/cam_a/"
    "person_0001.png)"
)
SHARED = 200  # persons 1 to 200 are in both cameras; beyond, equal numbers are different people
PUBLISHED = PublishedSize(persons=934, cameras=2, images=1134)


def find(source: Path, _boxes: str) -> Listing | None:
    """Find PRID 2011; persons are "0001" to "0200" in both cameras, then "a0201", "b0201"."""
    return by_name(source, r"cam_([ab])/person_(\d{4})", _label, PUBLISHED)


def _label(match: re.Match[str]) -> Entry:
    camera, number = match[1].lower(), match[2]
    person = number if int(number) <= SHARED else camera + number
    return Entry(person=person, camera=camera, path=match[0])
