"""MTDnet: both losses at once. Its ranking head alone is MTDnet-trp, both heads MTDnet-fused."""

from typing import ClassVar

from mtdnet.variants import Systems, Variant


class MultiTask(Variant):
    """Either loss weighs 1 as published."""

    systems: ClassVar[Systems] = {
        "MTDnet": "pair",
        "MTDnet-trp": "ranking",
        "MTDnet-fused": "fused",
    }


VARIANT = MultiTask
