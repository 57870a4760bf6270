"""What a ``network.safetensors`` tells of itself, read without its weights."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError, safe_open

from mtdnet.errors import InputError

TRUNK = "caffenet"  # of a network that doesn't name its trunk
KEY = "network"  # one: safetensors writes several in random order, and hashes would differ
Width = Annotated[float, Field(gt=0, le=1)]


class Header(BaseModel):
    """A network's kind, widths and trunk; ``temperature`` of its pair head, None without one."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False)
    kind: Literal["MTDnet", "AlexNet"]
    width: Width
    trunk_width: Width
    temperature: Annotated[float, Field(ge=1e-3, le=1e3)] | None  # fits give 0.01 to 100
    trunk: str = TRUNK


def read(source: Path) -> Header:
    """Return what ``save`` wrote of a network.

    Raises InputError when the file is missing, broken or another network's.
    """
    try:
        with safe_open(source, framework="numpy") as file:
            return Header.model_validate_json((file.metadata() or {})[KEY])
    except FileNotFoundError:
        raise InputError(f"{source}: no such file; train the network first") from None
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        where = "".join(f"{part}: " for part in first["loc"])
        raise foreign(source, ValueError(where + first["msg"].lower())) from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as problem:
        raise foreign(source, problem) from None


def foreign(source: Path, problem: Exception) -> InputError:
    """Return the one line about a file that holds no network of this project."""
    line = " ".join(str(problem).split())[:200]
    return InputError(f"{source}: no network of this project ({line}); train it again")
