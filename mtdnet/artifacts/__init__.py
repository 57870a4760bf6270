"""What one step hands to the next, as frozen classes: each has one file, one reader, one writer.

A reader raises InputError, naming the file and the key or the column's row, for what is missing,
ill-typed, not finite or out of range; keys that it doesn't know are passed over. Packed images,
tables of images and triplets, and weights are read where they are used.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel

from mtdnet.artifacts.base import Above0, Count, NotNegative, Number, Positive, Share, Table
from mtdnet.artifacts.base import Document as Document


class Parts(BaseModel):
    """Counts of a split's three parts."""

    model_config = ConfigDict(frozen=True, strict=True)
    train: Count
    validation: Count
    test: Count


class HeldOut(BaseModel):
    """Counts of the parts that are ranked."""

    model_config = ConfigDict(frozen=True, strict=True)
    validation: Count
    test: Count


class SplitCounts(Document):
    """An identity split and its triplets, counted; ``persons`` of the test without distractors."""

    FILE = "counts.json"
    benchmark: str
    split: str
    seed: Count
    split_number: Count
    test_from: str
    gallery_rule: str
    persons: Parts
    images: Parts
    queries: HeldOut
    gallery: HeldOut
    distractors: Count
    one_camera_persons: Count
    positive_pairs: Count
    triplets: Count
    triplets_seed: Count
    folds: Count = 0  # of cross-validation over the training persons


class ImageCounts(Document):
    """What ingest found of a benchmark, beside further counts.

    ``test_sets``: the persons of each published test set, where the layout has them.
    """

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="allow")
    FILE = "counts.json"
    benchmark: str
    layout: str
    images: Positive
    test_sets: list[list[str]]


class Fusion(BaseModel):
    """What weighs a pair head's ``logit`` and the ranking ``distance`` in one verdict."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)
    logit: NotNegative
    distance: NotNegative
    bias: Number


class TrainingRecord(Document):
    """A training that is done; ``temperature`` of the pair head, None without one.

    ``fusion`` of both heads, None where the network is not scored so or validation pairs were few.
    """

    FILE = "training.json"
    variant: str
    start: str
    width: Above0
    trunk_width: Above0
    seed: Count
    steps: Positive
    triplets: Positive
    best_step: Positive
    validation_rank1: Share
    validation_mAP: Share  # noqa: N815 - the field's name
    validation_persons: Positive
    temperature: Above0 | None
    seconds: Annotated[float, Field(ge=0)]
    triplets_per_second: Annotated[float, Field(ge=0)]
    device: str
    processes: Positive
    bf16: bool
    compiled: bool
    commit: str
    fingerprint: str = ""  # of data and settings
    split_sha256: str = ""  # of the identity split
    trunk: str = "caffenet"
    fusion: Fusion | None = None
    dropout: Share = 0.5
    # what was taken from ImageNet's weights: the trunk, layers
    pretrained: list[str] = Field(default_factory=list)


class History(Table):
    """Losses and validation figures of a training, a row each ``validate_every`` steps."""

    FILE = "history.csv"
    __pydantic_extra__: dict[str, list[Number | None]]
    step: Annotated[list[Positive], Field(min_length=1)]
    triplets: list[Positive]

    @property
    def columns(self) -> dict[str, list[Number | None]]:
        """Return losses ``*_loss`` and figures ``validation_*``, as far as they have a number."""
        return {
            name: column
            for name, column in self.__pydantic_extra__.items()
            if any(cell is not None for cell in column)
        }


Case = Literal["both", "pair head alone", "ranking head alone", "neither"]


class Facts(Document):
    """What an evaluation's figures rest on; ``cases``: which of two heads is right, in queries."""

    FILE = "facts.json"
    variant: str
    split: str
    split_seed: Count
    split_number: Count
    train_persons: Count
    validation_persons: Count
    test_persons: Count
    queries: Positive
    gallery: Positive
    gallery_rule: str
    train_triplets: Positive
    temperature: Above0 | None
    seed: Count
    trained_on: str
    device: str
    bf16: bool
    commit: str
    data_hash: str
    cases: dict[Case, Count] | None = None
    fusion: Fusion | None = None


def _with_rank1(figures: dict[str, float]) -> dict[str, float]:
    if "rank-1" not in figures:
        raise ValueError("'rank-1' is missing")
    return figures


Figures = Annotated[dict[str, Share], AfterValidator(_with_rank1)]


class Metrics(Document, RootModel[Annotated[dict[str, Figures], Field(min_length=1)]]):
    """System -> measure -> its value in [0, 1]; ``rank-1`` is always there."""

    FILE = "metrics.json"


class Curves(Table):
    """The CMC curve of each system, (ranks,) in [0, 1] from rank 1."""

    FILE = "cmc.csv"
    __pydantic_extra__: dict[str, list[Share]]
    rank: Annotated[list[Positive], Field(min_length=1)]

    @property
    def systems(self) -> dict[str, list[float]]:
        """Return the curves by system."""
        return self.__pydantic_extra__


class Ranks(Table):
    """Of Q queries the rank of the best true match by each system, 0 for none.

    ``query``: their rows of the image table.
    """

    FILE = "ranks.csv"
    __pydantic_extra__: dict[str, list[Count]]
    query: Annotated[list[Count], Field(min_length=1)]
    person: list[str]

    @property
    def systems(self) -> dict[str, list[int]]:
        """Return the ranks by system."""
        return self.__pydantic_extra__


class Bins(Table):
    """Reliability curves of pair heads, a row a bin; no row where there is no pair head."""

    FILE = "calibration.csv"
    system: list[str]
    kind: list[Literal["raw", "calibrated"]]
    low: list[Share]
    high: list[Share]
    predicted: list[Share]
    observed: list[Share]
    weight: list[Share]
