"""VIPeR (Gray, Brennan, Tao 2007): ``cam_a/NNN_ANGLE.bmp`` and ``cam_b/NNN_ANGLE.bmp``."""

from pathlib import Path

from mtdnet.data.scan import Entry, Listing, PublishedSize, by_name

LOOKED_FOR = "cam_a/NNN_ANGLE.bmp and cam_b/NNN_ANGLE.bmp (as VIPeR/cam_a/000_45.bmp)"
PUBLISHED = PublishedSize(persons=632, cameras=2, images=1264)


def find(source: Path, _boxes: str) -> Listing | None:
    """Find VIPeR; the number is the person, the angle differs between the cameras."""
    return by_name(
        source,
        r"cam_([ab])/(\d{3})_\d+",
        lambda m: Entry(person=m[2], camera=m[1].lower(), path=m[0]),
        PUBLISHED,
    )
