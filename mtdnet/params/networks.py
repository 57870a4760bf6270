"""The sections that tell which networks are trained: on the source, and on targets."""

from collections.abc import Iterator
from itertools import product
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mtdnet.params.base import Benchmark, Listed, Positive, Section, SplitNumber, Variant
from mtdnet.params.training import Training

JointStart = Literal["drawn", "difference"]


class Pretrain(Training):
    """Training of ``variants`` on each of ``splits`` of ``source``; targets start from split 0.

    ``weights``: a file of ImageNet weights for a trunk of full width; without it all is drawn.
    ``width`` scales what is drawn. ``hidden_bias``: the first biases of the fully connected layers
    but the last of the pair head. ``joint_start``: the third convolution's right half is drawn as
    published, or minus its left half, so that joint maps start as differences. ``distance_input``:
    the pair head's verdict takes the squared distance of the ranking features as one more input.
    """

    source: Benchmark = "cuhk03"
    variants: Listed[Variant] = ("mtdnet",)
    splits: Listed[SplitNumber] = (0,)
    width: Annotated[float, Field(gt=0, le=1)] = 1.0
    weights: str | None = None
    hidden_bias: float = 0.0
    joint_start: JointStart = "drawn"
    distance_input: bool = False

    @model_validator(mode="after")
    def _check(self) -> Self:
        if 0 not in self.splits:
            raise ValueError("splits: 0 is missing; targets start from its networks")
        return self


class Compared(Section):
    """Further ``variants``, trained on some of the targets to compare them."""

    targets: Listed[Benchmark] = ()
    variants: Listed[Variant] = ()


class Joint(Section):
    """MTDnet-joint on some of the targets: first, for each of ``splits``, one network of all.

    That one is trained as on the source, but on the training persons of the source (of its split
    0) and of every target. Neither list stands alone.
    """

    targets: Listed[Benchmark] = ()
    splits: Listed[SplitNumber] = ()


class Train(Training):
    """Training of ``variants`` on each of ``splits`` of every target, from the source network.

    ``learning_rates`` overrides ``learning_rate`` for a target.
    """

    targets: Listed[Benchmark] = ()
    variants: Listed[Variant] = ("mtdnet",)
    splits: Listed[SplitNumber] = (0,)
    compared: Compared = Compared()
    joint: Joint = Joint()
    learning_rates: dict[Benchmark, Positive] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for target in self.compared.targets:
            if target not in self.targets:
                raise ValueError(f"compared.targets: '{target}' is not among targets")
        for target, variant in self._compared():
            if variant in self.variants:
                raise ValueError(
                    f"compared: '{variant}' on '{target}' is among targets and variants too"
                )
        for key in ("targets", "splits"):
            for one in getattr(self.joint, key):
                if one not in getattr(self, key):
                    raise ValueError(f"joint.{key}: {one!r} is not among {key}")
        if bool(self.joint.targets) != bool(self.joint.splits):
            raise ValueError("joint: targets and splits are both given or both empty")
        return self

    def _compared(self) -> Iterator[tuple[str, str]]:
        return product(self.compared.targets, self.compared.variants)

    def networks(self) -> list[tuple[str, str]]:
        """Return (target, variant) of all that is trained on each split."""
        return [*product(self.targets, self.variants), *self._compared()]

    def on(self, target: str, variant: str) -> Training:
        """Return the settings of a training on one target: variant's rate, target's, or common."""
        rate = self.learning_rates.get(target, self.learning_rate)
        return self.model_copy(update={"learning_rate": rate}).of(variant)
