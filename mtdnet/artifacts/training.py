"""What a training leaves beside its network: a record, and the history of its losses."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mtdnet.artifacts.base import (
    Above0,
    Count,
    Document,
    NotNegative,
    Number,
    Positive,
    Share,
    Table,
)


class Fusion(BaseModel):
    """What weighs a pair head's ``logit`` and the ranking ``distance`` in one verdict."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)
    logit: NotNegative
    distance: NotNegative
    bias: Number


class TrainingRecord(Document):
    """A training that is done; ``temperature`` of the pair head, None without one.

    ``fusion`` of both heads: what MTDnet-fused is scored by, or what a verdict that takes the
    distance has been weighed by, its start's weights where validation pairs were few. None where
    neither is, or there are none. ``snapshot``:
    which step's network was kept, the best on the validation persons or the last; "" in a record
    of before.
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
    snapshot: Literal["", "best", "last"] = ""
    dropout: Share = 0.5
    # what was taken from ImageNet's weights: the trunk, layers
    pretrained: list[str] = Field(default_factory=list)

    @property
    def decided(self) -> str:
        """What the validation persons decided of the network, in words."""
        decided = {
            "the step": self.snapshot != "last",
            "the weights of its verdict": None not in (self.fusion, self.temperature),
            "its temperature": self.temperature is not None,
        }
        return " and ".join(name for name, by_them in decided.items() if by_them) or "nothing"


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
