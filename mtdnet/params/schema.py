"""The sections of ``params.yaml``; ``python -m mtdnet.params`` prints them as a JSON schema."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mtdnet.params.base import (
    JOINT,
    Benchmark,
    Count,
    Listed,
    Positive,
    Section,
    Share,
    SplitNumber,
    Variant,
)
from mtdnet.params.training import Training

JointStart = Literal["drawn", "difference"]


class Ingest(Section):
    """``layouts``: folder below ``data/`` -> its layout; ``boxes``: CUHK03's, by hand or not."""

    layouts: dict[Benchmark, str]
    boxes: Literal["labeled", "detected"] = "labeled"


class Split(Section):
    """How the persons of one benchmark are divided.

    ``paper`` takes the published counts, scaled to the persons that are there; ``random`` takes
    the counts given here, else a quarter to test; with ``test_ids`` (a text file, one person a
    line) the test persons are those, and ``{split}`` in its name is the number of the split.
    ``validation`` persons are held out of the training persons; or, with ``folds``, all of these
    train, and each of so many parts of them validates a training on the others. ``seed`` draws the
    persons.
    ``gallery``: the ``first`` image of a test person's second camera, or ``all`` of them.
    """

    name: Literal["paper", "random"] = "paper"
    seed: int = 0
    validation: int | None = None
    test: int | None = None
    test_ids: str | None = None
    folds: Annotated[int, Field(ge=0)] = 0
    gallery: Literal["first", "all"] = "first"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.folds == 1:
            raise ValueError("folds: one leaves nobody to train on; give 2 or more, or 0")
        if self.folds and self.validation is not None:
            raise ValueError("folds and validation are both given; keep one")
        return self


class Augment(Section):
    """``negatives`` a positive pair, drawn from the positive's ``camera`` or from its ``block``.

    A block is ``pairs`` positive pairs, later one training step; ``rounds`` draws the list that
    many times. With ``camera``, the paper's list, triplets are shuffled one by one.
    """

    negatives: Count = 10
    draw: Literal["block", "camera"] = "block"
    pairs: Count = 24
    rounds: Count = 1
    splits: dict[Benchmark, Split] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.pairs <= self.negatives:
            raise ValueError(f"pairs must exceed negatives ({self.negatives}), found {self.pairs}")
        return self


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


class Rerank(Section):
    """k-reciprocal re-ranking: neighbours, neighbours averaged, weight of the first distance."""

    k1: Count = 20
    k2: Count = 6
    weight: Annotated[float, Field(ge=0, le=1)] = 0.3


class Evaluate(Section):
    """What of the CMC curve is reported, at which false-alarm rates, and how many pictures.

    ``rerank``: what is scored by distances is also scored re-ranked. ``source_only``: these of
    ``pretrain.variants`` are tested on each target as the source left them. ``compile`` doubles
    what a GPU scores a second, for some seconds at the start.
    """

    ranks: Annotated[Listed[Count], Field(min_length=1)] = (1, 5, 10, 20)
    false_alarms: Listed[Share] = (0.01, 0.1)
    pictures: Count = 6
    rerank: Rerank | None = None
    source_only: Listed[Variant] = ()
    compile: bool = False


class Report(Section):
    """The page's title."""

    title: str = "MTDnet"


class Params(Section):
    """All of ``params.yaml``; ``seed`` is the root of every random draw but the splits'.

    ``trunk``: what every network starts with, and at whose input size ingest packs images.
    """

    ingest: Ingest
    augment: Augment
    pretrain: Pretrain
    train: Train
    evaluate: Evaluate
    report: Report
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    trunk: Literal["caffenet", "resnet50"] = "caffenet"

    @model_validator(mode="after")
    def _check(self) -> Self:
        named: dict[str, Iterable[str]] = {
            "augment.splits": self.augment.splits,
            "pretrain.source": [self.pretrain.source],
            "train.targets": self.train.targets,
            "train.learning_rates": self.train.learning_rates,
        }
        known = ", ".join(self.ingest.layouts)
        for key, benchmarks in named.items():
            for name in benchmarks:
                if name not in self.ingest.layouts:
                    raise ValueError(f"{key}: no benchmark '{name}'; known: {known}")
        for variant in self.evaluate.source_only:
            if variant not in self.pretrain.variants:
                raise ValueError(f"evaluate.source_only: '{variant}' is not in pretrain.variants")
        if (source := self.pretrain.source) in self.train.targets:
            raise ValueError(f"train.targets: '{source}' is pretrain.source; take it out of one")
        for key, section in (("pretrain", self.pretrain), ("train", self.train)):
            if section.hard_negatives.share and self.augment.draw != "block":
                raise ValueError(f"{key}.hard_negatives: they stand in blocks; set augment.draw so")
        for target in self.train.joint.targets:
            if (split := self.augment.splits.get(target)) and split.folds:
                raise ValueError(
                    f"augment.splits.{target}: the joint network has seen the persons of its "
                    "folds; set validation instead, or take it out of train.joint"
                )
        if self.train.joint.targets and JOINT in self.ingest.layouts:
            raise ValueError("ingest.layouts: 'joint' is the folder of joint networks; rename it")
        return self
