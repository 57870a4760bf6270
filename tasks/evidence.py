"""What a registered version was judged by, and whom its network has seen."""

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import pyarrow as pa
from pydantic import Field

from mtdnet.artifacts import Document, TrainingRecord
from mtdnet.artifacts.base import Count, Number, Share
from mtdnet.data.images import TABLE
from mtdnet.errors import InputError
from mtdnet.files import sha256
from mtdnet.protocol.query_gallery import SPLIT
from mtdnet.tables import read_table

Verdict = Literal["champion", "challenger", "undecided"]


class Evidence(Document):
    """Why a version is champion, is not, or waits for a person's word.

    ``persons``: validation persons that both networks were scored on; ``passed_over``: how many
    more there are, whom the champion has trained on or was tested on. Figures of the two versions,
    and ``low`` and ``high`` of the difference of rank-1, are None where nothing was scored.
    """

    FILE = "evidence.json"
    model: str
    version: str
    against: str | None
    verdict: Verdict
    why: str
    rule: str
    date: str
    split: str
    persons: list[str] = Field(default_factory=list)
    passed_over: Count = 0
    rank1: Share | None = None
    rank1_against: Share | None = None
    mAP: Share | None = None  # noqa: N815 - the field's name
    mAP_against: Share | None = None  # noqa: N815
    difference: Number | None = None
    low: Number | None = None
    high: Number | None = None
    train_persons: Count | None = None
    train_persons_against: Count | None = None


class SplitPersons:
    """The persons of a network's data: image by image its ``person``, ``part`` and ``sha256``."""

    FILE: ClassVar[str] = "persons.parquet"
    COLUMNS: ClassVar = dict.fromkeys(("person", "part", "sha256"), pa.string())

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        columns = (np.array(table[name].to_pylist(), str) for name in self.COLUMNS)
        self.person, self.part, self.sha256 = columns

    @classmethod
    def read(cls, file: Path) -> "SplitPersons":
        """Return those that are on record with a run; InputError when the file is broken."""
        return cls(read_table(file, cls.COLUMNS))

    @classmethod
    def of_split(cls, ingested: Path, augmented: Path, record: TrainingRecord) -> "SplitPersons":
        """Return those of a split; InputError when it is not the one of a training's record."""
        source = augmented / SPLIT
        parts = read_table(source, dict.fromkeys(("person", "part"), pa.string()))
        images = read_table(ingested / TABLE, dict.fromkeys(("person", "sha256"), pa.string()))
        own = sha256(source) == record.split_sha256 and parts["person"].equals(images["person"])
        if not own:
            raise InputError(f"{source}: not the split that the network was trained on")
        return cls(parts.append_column("sha256", images["sha256"]))

    @property
    def train_persons(self) -> int:
        """How many persons the network was trained on."""
        return len(set(self.person[self.part == "train"]))

    def overlap(self, other: "SplitPersons") -> set[str]:
        """Return the persons of ``other`` that this network was trained or tested on.

        By name, or by an image that is the same: a person who got another name is still known.
        """
        used = np.isin(self.part, ("train", "test"))
        same = np.isin(other.person, self.person[used]) | np.isin(other.sha256, self.sha256[used])
        return set(other.person[same])

    def shares_images(self, other: "SplitPersons") -> bool:
        """Tell whether any image is in both."""
        return bool(np.isin(self.sha256, other.sha256).any())
