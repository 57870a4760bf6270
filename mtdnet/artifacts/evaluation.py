"""What an evaluation found: facts, figures, curves, ranks."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, RootModel

from mtdnet.artifacts.base import Above0, Count, Document, Positive, Share, Table
from mtdnet.artifacts.training import Fusion

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
