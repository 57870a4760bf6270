"""What stands below ``data/``: which layout, how many persons and cameras, how they divide."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mtdnet.data import archives
from mtdnet.data.layouts import LAYOUTS
from mtdnet.data.scan import Listing, files
from mtdnet.errors import InputError
from mtdnet.params import Split
from mtdnet.protocol.persons import PUBLISHED
from mtdnet.protocol.splits import divide

# i-LIDS's names are some of CUHK01's too, so CUHK01 comes last
ORDER = ("cuhk03", "market1501", "table", "ilids", "prid2011", "viper", "cuhk01")


@dataclass(frozen=True)
class BenchmarkFolder:
    """A folder below ``data/``: its layout, its size, and the split that is proposed.

    ``boxes``: CUHK03's; ``persons``: how many train, validate and test; ``left_out``: those that no
    two cameras saw.
    """

    name: str
    layout: str
    boxes: str
    cameras: int
    images: int
    split: str
    persons: dict[str, int]
    left_out: int

    def line(self) -> str:
        """Return "shop: table, 48 images, 2 cameras; persons: 6 train, 3 validation, 3 test"."""
        seen = f"{self.cameras} cameras" if self.cameras else "cameras unknown"
        parts = ", ".join(f"{count} {part}" for part, count in self.persons.items())
        left = f", {self.left_out} left out (no two cameras saw them)" if self.left_out else ""
        return f"{self.name}: {self.layout}, {self.images} images, {seen}; persons: {parts}{left}"


def recognise(place: Path) -> BenchmarkFolder:
    """Recognise what stands in a folder, or in the one archive there.

    Raises InputError when no layout does, one is there but broken, or no split of it is possible.
    """
    with TemporaryDirectory(prefix="mtdnet-") as temporary:
        room = Path(temporary) / "unpacked"
        try:
            layout, boxes, listing = _layout(place, room)
            return _benchmark(place.name, layout, boxes, listing)
        except InputError as problem:  # names the archive, for what was unpacked goes away
            raise InputError(str(problem).replace(str(room), str(place))) from None


def _layout(place: Path, room: Path) -> tuple[str, str, Listing]:
    refused = None
    for source in _sources(place, room):
        for layout in ORDER:
            for boxes in ("labeled", "detected") if layout == "cuhk03" else ("labeled",):
                try:
                    listing = LAYOUTS[layout].find(source, boxes)
                except InputError as problem:  # of a table: another layout may have one beside it
                    refused = refused or problem
                    continue
                if listing and listing.entries:
                    return layout, boxes, listing
    if refused:
        raise refused
    first = next(files(place), None)
    stands = f"as {first.relative_to(place.absolute())}" if first else "nothing is there"
    known = "; ".join(f"{name}: {LAYOUTS[name].LOOKED_FOR}" for name in ("table", "market1501"))
    raise InputError(f"{place}: no layout that is known ({stands}); of own cameras: {known}")


def _sources(place: Path, room: Path) -> Iterator[Path]:
    """Yield the folder, then what is in its archive where it has just one."""
    yield place
    packed = [file for file in files(place) if archives.is_archive(file)]
    if len(packed) == 1:
        archives.unpack(packed[0], room)
        yield room


def _benchmark(name: str, layout: str, boxes: str, listing: Listing) -> BenchmarkFolder:
    entries = sorted(listing.entries)
    person, camera, _, part, role = (np.array(column) for column in zip(*entries, strict=True))
    named = layout in PUBLISHED or {"query", "gallery"} <= set(role)
    split = Split(name="paper" if named else "random")
    identities = divide(
        benchmark=name,
        layout=layout,
        person=person,
        camera=camera,
        settings=split,
        part=part,
        role=role,
        test_sets=listing.test_sets,
    )
    return BenchmarkFolder(
        name=name,
        layout=layout,
        boxes=boxes,
        cameras=len(set(camera) - {""}),
        images=len(entries),
        split=split.name,
        persons=identities.persons(person),
        left_out=len(identities.one_camera),
    )
