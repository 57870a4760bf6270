"""The trunks by name and their input sizes, known without torch."""

from typing import NamedTuple


class TrunkEntry(NamedTuple):
    """A trunk's module, whose ``TRUNK`` is its class, and ``size``: height, width of its input."""

    module: str
    size: tuple[int, int]


TRUNKS = {
    # without padding: maps of 55 x 55, then 13 x 13
    "caffenet": TrunkEntry("caffenet", (227, 227)),
    # as persons stand: maps of 69 x 33, then 16 x 7
    "caffenet-tall": TrunkEntry("caffenet_tall", (283, 139)),
    "resnet50": TrunkEntry("resnet", (256, 128)),  # as others take it
}
