"""i-LIDS (Zheng, Gong, Xiang 2009): ``Persons/PPPPIII.jpg``, two to eight images a person."""

import re
from pathlib import Path

from mtdnet.data.scan import Entry, Listing, PublishedSize, by_name

LOOKED_FOR = "Persons/PPPPIII.jpg (as i-LIDS_Pedestrian/Persons/0001001.jpg)"
STRAY = "0120001"  # circulates with the benchmark, which has 119 persons
PUBLISHED = PublishedSize(persons=119, cameras=None, images=476)


def find(source: Path, _boxes: str) -> Listing | None:
    """Find i-LIDS; no name says the camera. The stray ``0120001`` is left out."""
    return by_name(source, r"Persons/(\d{4})\d{3}", _label, PUBLISHED)


def _label(match: re.Match[str]) -> Entry | str:
    if Path(match[0]).stem == STRAY:
        return "belongs to none of the 119 persons"
    return Entry(person=match[1], camera="", path=match[0])
