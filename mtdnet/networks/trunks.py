"""The trunks by name and their input sizes, known without torch."""

from typing import NamedTuple


class Entry(NamedTuple):
    """A trunk's module, whose ``TRUNK`` is its class, and ``size``: height, width of its input."""

    module: str
    size: tuple[int, int]


TRUNKS = {
    "caffenet": Entry("caffenet", (227, 227)),  # without padding: maps of 55 x 55, then 13 x 13
    "resnet50": Entry("resnet", (256, 128)),  # as persons stand, and as others take it
}
