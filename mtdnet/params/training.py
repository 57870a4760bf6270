"""The sections that tell how a network is trained."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from mtdnet.params.base import Count, Fraction, NotNegative, Positive, Section, Variant

Snapshot = Literal["best", "last"]
RankingStart = Literal["kept", "discriminant", "discriminant-by-place"]


class MarginLoss(Section):
    """A loss's ``weight`` in the sum that is minimised, and its ``margin``."""

    weight: NotNegative = 1.0
    margin: Positive = 1.0


class TripletLoss(MarginLoss):
    """``hardest``: of each anchor's triplets in a step, its hardest positive and negative alone."""

    hardest: bool = False


class PairLoss(Section):
    """``smoothing``: how much of a label's weight both classes share (Szegedy et al. 2016).

    ``joint_maps``: of a verdict that takes the ranking distance, the share of the loss that joint
    maps have to answer for alone.
    """

    weight: NotNegative = 1.0
    smoothing: Fraction = 0.0
    joint_maps: Fraction = 0.0


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

    ``ranking_start``: the ranking head as the network brings it, drawn or as the source trained it;
    or the discriminant of the training persons, on the trunk that the training starts from, with a
    mean for each place, cameras that share persons, where galleries are of one place and not of
    all. Trunk and ranking head then stay as they are, and the pair head alone learns; MTDnet-cls
    and -rnk have no such start.
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
    ranking_start: RankingStart = "kept"
    learning_rate: Positive = 1e-3
    momentum: Fraction = 0.9
    weight_decay: NotNegative = 5e-4
    dropout: Fraction = 0.5
    own: dict[Variant, Own] = Field(default_factory=dict)
    schedule: Schedule = Schedule()
    averaging: Fraction = 0.0
    losses: Losses = Losses()
    augmentation: Augmentation = Augmentation()
    hard_negatives: HardNegatives = HardNegatives()
    validate_every: Count = 200
    snapshot: Snapshot = "best"
    compile: bool = False

    @model_validator(mode="after")
    def _check_identity(self) -> Self:
        if self.ranking_start != "kept" and self.losses.identity.weight:
            raise ValueError(
                "losses.identity teaches the trunk and the ranking head, which `ranking_start: "
                f"{self.ranking_start}` leaves as they are; say kept, or give it weight 0"
            )
        return self

    def of(self, variant: str) -> "Training":
        """Return the settings of the training of one variant."""
        values = {name: getattr(self, name) for name in Training.model_fields}
        own = self.own.get(variant, Own()).model_dump(exclude_none=True)
        return Training(**values | {"own": {}} | own)
