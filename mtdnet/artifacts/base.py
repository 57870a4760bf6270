"""How what a step hands on is read and written: JSON documents and CSV tables, checked."""

import csv
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mtdnet.errors import InputError
from mtdnet.files import write_csv, write_json

AGAIN = "run its step again"
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Number = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Above0 = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]


class Document(BaseModel):
    """A JSON file of a step's folder; ``again``: what to do about a broken one."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)
    FILE: ClassVar[str]
    again: ClassVar[str] = AGAIN

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read it from the folder of the step that wrote it; InputError when it isn't right."""
        source = folder / cls.FILE
        try:
            return cls.model_validate_json(_bytes(source))
        except ValidationError as problem:
            raise _input_error(source, problem, cls.again) from None

    def write(self, folder: Path) -> None:
        """Write it as indented JSON, whole or not at all."""
        write_json(folder / self.FILE, self.model_dump(exclude_unset=True))


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
        write_csv(folder / self.FILE, columns, zip(*columns.values(), strict=True))


def _bytes(source: Path) -> bytes:
    try:
        return source.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{source}: no such file; run the step that writes it") from None


def _input_error(source: Path, problem: ValidationError, again: str = AGAIN) -> InputError:
    """Return the first problem in a line: the file, its key, what is wrong, what stands there."""
    first = problem.errors(include_url=False)[0]
    parts = (f"row {part + 1}" if isinstance(part, int) else part for part in first["loc"])
    where = "".join(f"{part}: " for part in parts if part != "[key]")
    there = "" if first["type"] in ("missing", "json_invalid") else f", found {first['input']!r}"
    return InputError(f"{source}: {where}{first['msg'].lower()}{there[:80]}; {again}")
