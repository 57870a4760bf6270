"""Market-1501 (Zheng et al. 2015) and other sets that carry its names.

``PPPP_cCsS_FFFFFF_BB.jpg`` in ``bounding_box_train``, ``query`` and ``bounding_box_test``.
"""

import re
from pathlib import Path

from mtdnet.data.scan import Entry, Found, Published, by_name

LOOKED_FOR = (
    "PPPP_cCsS_FFFFFF_BB.jpg (as 0002_c1s1_000451_03.jpg) in bounding_box_train, query and "
    "bounding_box_test"
)
FOLDERS = {
    "bounding_box_train": ("train", ""),
    "query": ("test", "query"),
    "bounding_box_test": ("test", "gallery"),
}
DISTRACTORS = "0000"
# 12,936 to train, 3,368 queries and 19,732 in the gallery, less 3,819 of junk.
PUBLISHED = Published(persons=1501, cameras=6, images=32217)


def find(source: Path, _boxes: str) -> Found | None:
    """Find Market-1501's names, with part and role from the folders; cameras "c1" to "c6".

    Junk (-1) is left out; distractors stay in the gallery as person "0000".
    """
    found = by_name(source, rf"({'|'.join(FOLDERS)})/(-1|\d{{4}})_(c\d+)s\d+_\d+_\d+\.jpg", _label)
    return found and Found(*found, published=PUBLISHED, nobody=frozenset({DISTRACTORS}))


def _label(match: re.Match[str]) -> Entry | None:
    folder, person, camera = match.groups()
    return None if person == "-1" else Entry(person, camera, match[0], *FOLDERS[folder])
