"""What one step hands to the next, as frozen classes: each has one file, one reader, one writer.

A reader raises InputError, naming the file and the key or the column's row, for what is missing,
ill-typed, not finite or out of range; keys that it doesn't know are passed over. Packed images,
tables of images and triplets, and weights are read where they are used.
"""

import csv
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, RootModel, ValidationError

from mtdnet.errors import InputError
from mtdnet.files import whole, write_json

AGAIN = "run its step again"
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Number = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Above0 = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Cell = Number | None
Case = Literal["both", "pair head alone", "ranking head alone", "neither"]


class Document(BaseModel):
    """A JSON file of a step's folder."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)
    FILE: ClassVar[str]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read it from the folder of the step that wrote it; InputError when it isn't right."""
        source = folder / cls.FILE
        try:
            return cls.model_validate_json(_bytes(source))
        except ValidationError as problem:
            raise _input_error(source, problem) from None

    def write(self, folder: Path) -> None:
        """Write it as indented JSON, whole or not at all."""
        write_json(folder / self.FILE, self.model_dump(exclude_unset=True))


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
    pretrained: list[str] = []  # what was taken from ImageNet's weights: the trunk, layers


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


class Table(BaseModel):
    """A CSV file of a step's folder, by columns of equal length; an empty cell is None."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False, extra="allow")
    FILE: ClassVar[str]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read it from the folder of the step that wrote it; InputError when it isn't right."""
        source = folder / cls.FILE
        try:
            lines = csv.reader(_bytes(source).decode("utf-8").splitlines())
            head, *rows = list(lines) or [[]]
            for number, row in enumerate(rows, 1):
                if len(row) != len(head):
                    raise InputError(f"{source}: row {number}: {len(head)} cells expected; {AGAIN}")
            columns = {name: [row[i] or None for row in rows] for i, name in enumerate(head)}
            return cls.model_validate(columns)
        except ValidationError as problem:
            raise _input_error(source, problem) from None
        except (UnicodeDecodeError, csv.Error) as problem:
            raise InputError(f"{source}: no table ({problem}); {AGAIN}") from None

    def write(self, folder: Path) -> None:
        """Write it, whole or not at all."""
        columns = self.model_dump()
        with (
            whole(folder / self.FILE) as draft,
            draft.open("w", newline="", encoding="utf-8") as stream,
        ):
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(zip(*columns.values(), strict=True))


class History(Table):
    """Losses and validation figures of a training, a row each ``validate_every`` steps."""

    FILE = "history.csv"
    __pydantic_extra__: dict[str, list[Cell]]
    step: Annotated[list[Positive], Field(min_length=1)]
    triplets: list[Positive]

    @property
    def columns(self) -> dict[str, list[Cell]]:
        """Return losses ``*_loss`` and figures ``validation_*``, as far as they have a number."""
        return {
            name: column
            for name, column in self.__pydantic_extra__.items()
            if any(cell is not None for cell in column)
        }


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


def _bytes(source: Path) -> bytes:
    try:
        return source.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{source}: no such file; run the step that writes it") from None


def _input_error(source: Path, problem: ValidationError) -> InputError:
    """Return the first problem in a line: the file, its key, what is wrong, what stands there."""
    first = problem.errors(include_url=False)[0]
    parts = (f"row {part + 1}" if isinstance(part, int) else part for part in first["loc"])
    where = "".join(f"{part}: " for part in parts if part != "[key]")
    there = "" if first["type"] in ("missing", "json_invalid") else f", found {first['input']!r}"
    return InputError(f"{source}: {where}{first['msg'].lower()}{there[:80]}; {AGAIN}")
