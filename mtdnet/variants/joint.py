"""MTDnet-joint: MTDnet from a network that was trained on the persons of all benchmarks."""

from typing import ClassVar

from mtdnet.params import JOINT
from mtdnet.variants import Systems, Variant


class Joint(Variant):
    """Both losses, first on every benchmark's training persons, then on the target's.

    Domain-guided training of Xiao et al. 2016 begins so: small sets gain most by it.
    """

    systems: ClassVar[Systems] = {"MTDnet-joint": "pair"}
    start = JOINT


VARIANT = Joint
