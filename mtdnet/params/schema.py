"""The sections of ``params.yaml``; ``python -m mtdnet.params`` prints them as a JSON schema."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

# what can be trained: the modules of mtdnet/variants, looked up without loading torch
VARIANTS = tuple(
    sorted(module.name for module in iter_modules([str(Path(__file__).parents[1] / "variants")]))
)
JOINT = "joint"  # a variant that starts from a network of its own: Train.joint says where
LISTED = tuple(name for name in VARIANTS if name != JOINT)


def _variant(name: str) -> str:
    if name == JOINT:
        raise ValueError("'joint' is not listed here; name its targets and splits in train.joint")
    if name not in LISTED:
        raise ValueError(f"no '{name}'; known: {', '.join(LISTED)}")
    return name


def _unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if twice := [value for value in values if values.count(value) > 1]:
        raise ValueError(f"{twice[0]!r} stands twice")
    return values


Item = TypeVar("Item")
Listed = Annotated[
    tuple[Item, ...],
    Field(strict=False, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_unique),
]
# a folder's name, a word of a shell, a part of parameters' paths and of MLflow's filters
Benchmark = Annotated[str, Field(pattern="^[A-Za-z0-9_][A-Za-z0-9_-]*$")]
Variant = Annotated[str, AfterValidator(_variant), Field(json_schema_extra={"enum": [*LISTED]})]
Count = Annotated[int, Field(ge=1)]
SplitNumber = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
JointStart = Literal["drawn", "difference"]
Snapshot = Literal["best", "last"]


class Section(BaseModel):
    """Keys and values of which none is unknown; ``renamed``: an old key -> what it is now."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
    renamed: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _known(cls, content: Any) -> Any:
        for key in content if isinstance(content, dict) else ():
            if key in cls.renamed:
                raise ValueError(f"'{key}' is now '{cls.renamed[key]}'; rename it")
            if key not in cls.model_fields:
                known = ", ".join(sorted(cls.model_fields))
                raise ValueError(f"unknown key '{key}'; known: {known}")
        return content


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
    splits: dict[Benchmark, Split] = {}

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.pairs <= self.negatives:
            raise ValueError(f"pairs must exceed negatives ({self.negatives}), found {self.pairs}")
        return self


class MarginLoss(Section):
    """A loss's ``weight`` in the sum that is minimised, and its ``margin``."""

    weight: NotNegative = 1.0
    margin: Positive = 1.0


class TripletLoss(MarginLoss):
    """``hardest``: of each anchor's triplets in a step, its hardest positive and negative alone."""

    hardest: bool = False


class PairLoss(Section):
    """``smoothing``: how much of a label's weight both classes share (Szegedy et al. 2016)."""

    weight: NotNegative = 1.0
    smoothing: Fraction = 0.0


class IdentityLoss(Section):
    """Which training person an image shows, by its ranking feature; ``weight`` 0 is off.

    Logits are ``scale`` times cosines; the classifier is dropped after training.
    """

    weight: NotNegative = 0.0
    scale: Positive = 16.0


class Losses(Section):
    """A section a loss; which ones a variant minimises is its own business."""

    triplet: TripletLoss = TripletLoss()
    pair: PairLoss = PairLoss()
    contrastive: MarginLoss = MarginLoss()
    identity: IdentityLoss = IdentityLoss()


class Schedule(Section):
    """The learning rate over a training's steps; by default it is fixed, as published.

    It rises from 0 over the fraction ``warm_up`` of the steps, then falls to 0 by a ``cosine``.
    """

    warm_up: Fraction = 0.0
    decay: Literal["none", "cosine"] = "none"

    def by_steps(self) -> bool:
        """Tell whether the rate of a step rests on how many there will be."""
        return self != Schedule()


class Augmentation(Section):
    """How training changes each image anew in each step, beside mirroring; 0 is off.

    ``erasing``: the probability that a rectangle is painted over; ``shift``: by how many pixels of
    the network's input at most, in both directions; ``light``: by which fraction brightness,
    contrast and saturation change at most.
    """

    erasing: Annotated[float, Field(ge=0, le=1)] = 0.0
    shift: Annotated[int, Field(ge=0, le=64)] = 0
    light: Annotated[float, Field(ge=0, le=1)] = 0.0


class HardNegatives(Section):
    """Blocks of persons whom the network confuses, instead of those that augment drew.

    ``share`` of a block's positive pairs are one pair and the nearest to it by ranking features,
    the others random; 0 is off. Every ``every`` steps the network of that moment is asked.
    """

    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    every: Count = 50


class Own(Section):
    """What one variant is trained with instead of what all are."""

    learning_rate: Positive | None = None
    dropout: Fraction | None = None


class Training(Section):
    """One training; ``triplets`` are those a step.

    ``dropout``: of fc6 and fc7, of the pair head and of MTDnet-rnk. ``own``: variants that learn
    otherwise.

    ``momentum`` is SGD's, and the first beta of AdamW. ``averaging``: the decay of an exponential
    moving average of the weights, which is then what is validated and kept; 0: no average.
    ``snapshot``: which step's network is kept, the one that ranks the validation persons best, or
    the last, which nobody chose: enough where a schedule ends at rate 0 and such persons are few.
    ``compile`` spares a GPU the launches of a step's many kernels, for half a minute at the start.
    """

    renamed: ClassVar[Mapping[str, str]] = {
        "rate": "learning_rate",
        "rates": "learning_rates",
        "decay": "weight_decay",
        "margin": "losses.triplet.margin",
    }

    steps: Count
    triplets: Count = 240
    optimiser: Literal["sgd", "adamw"] = "sgd"
    learning_rate: Positive = 1e-3
    momentum: Fraction = 0.9
    weight_decay: NotNegative = 5e-4
    dropout: Fraction = 0.5
    own: dict[Variant, Own] = {}
    schedule: Schedule = Schedule()
    averaging: Fraction = 0.0
    losses: Losses = Losses()
    augmentation: Augmentation = Augmentation()
    hard_negatives: HardNegatives = HardNegatives()
    validate_every: Count = 200
    snapshot: Snapshot = "best"
    compile: bool = False

    def of(self, variant: str) -> "Training":
        """Return the settings of the training of one variant."""
        values = {name: getattr(self, name) for name in Training.model_fields}
        own = self.own.get(variant, Own()).model_dump(exclude_none=True)
        return Training(**values | {"own": {}} | own)


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
    learning_rates: dict[Benchmark, Positive] = {}

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
