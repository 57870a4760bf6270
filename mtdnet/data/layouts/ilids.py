"""i-LIDS (Zheng, Gong, Xiang 2009): ``Persons/PPPPIII.jpg``, two to eight images a person."""

import logging
import re
from pathlib import Path

from mtdnet.data.scan import Entry, Found, Published, by_name

LOOKED_FOR = "Persons/PPPPIII.jpg (as i-LIDS_Pedestrian/Persons/0001001.jpg)"
STRAY = "0120001.jpg"  # circulates with the benchmark, which has 119 persons
PUBLISHED = Published(persons=119, cameras=None, images=476)
log = logging.getLogger(__name__)


def find(source: Path, _boxes: str) -> Found | None:
    """Find i-LIDS; no name says the camera. The stray ``0120001.jpg`` is left out."""
    found = by_name(source, r"Persons/(\d{4})\d{3}\.jpg", _label)
    return found and Found(*found, published=PUBLISHED)


def _label(match: re.Match[str]) -> Entry | None:
    if match[0].endswith(STRAY):
        log.warning("%s left out: it belongs to none of the 119 persons", match.string)
        return None
    return Entry(person=match[1], camera="", path=match[0])
