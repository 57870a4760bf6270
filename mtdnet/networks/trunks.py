"""The trunks by name and their input sizes, known without torch."""

from typing import NamedTuple


class TrunkEntry(NamedTuple):
    """A trunk's module, whose ``TRUNK`` is its class, and ``size``: height, width of its input."""

    module: str
    size: tuple[int, int]


TRUNKS = {
    # without padding: maps of 55 x 55, then 13 x 13
    "caffenet": TrunkEntry("caffenet", (227, 227)),
    "resnet50": TrunkEntry("resnet", (256, 128)),  # as persons stand, and as others take it
}
