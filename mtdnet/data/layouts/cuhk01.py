"""CUHK01 (Li, Zhao, Wang 2012): ``campus/PPPPIII.png``, four images of each person."""

from pathlib import Path

from mtdnet.data.scan import Entry, Listing, PublishedSize, by_name

LOOKED_FOR = "PPPPIII.png (as campus/0001001.png)"
PUBLISHED = PublishedSize(persons=971, cameras=2, images=3884)


def find(source: Path, _boxes: str) -> Listing | None:
    """Find CUHK01; images 1 and 2 of a person are camera a, 3 and 4 camera b."""
    return by_name(
        source,
        r"(\d{4})00([1-4])",
        lambda m: Entry(person=m[1], camera="a" if m[2] in "12" else "b", path=m[0]),
        PUBLISHED,
    )
