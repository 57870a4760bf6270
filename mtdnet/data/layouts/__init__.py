"""The layouts of benchmarks, one file each; a new one is a file here and a line in LAYOUTS."""

from pathlib import Path
from typing import Protocol

from mtdnet.data.layouts import cuhk01, cuhk03, ilids, market1501, prid2011, table, viper
from mtdnet.data.scan import Listing


class Layout(Protocol):
    """A module that finds one layout; ``LOOKED_FOR`` tells a user what that is."""

    LOOKED_FOR: str

    def find(self, source: Path, boxes: str) -> Listing | None:
        """Return what stands at or below ``source``, a folder or file; None when nothing does.

        ``boxes``: "labeled" or "detected", for CUHK03 alone. InputError when it is there but
        can't be used.
        """


LAYOUTS: dict[str, Layout] = {
    "cuhk01": cuhk01,
    "cuhk03": cuhk03,
    "ilids": ilids,
    "market1501": market1501,
    "prid2011": prid2011,
    "table": table,
    "viper": viper,
}
