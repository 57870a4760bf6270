"""What a ``network.safetensors`` tells of itself, read without its weights."""

import json
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open

from mtdnet.errors import InputError, reason

FILE = "network.safetensors"  # in a model folder
TRUNK = "caffenet"  # of a network that doesn't name its trunk
KEY = "network"  # one: safetensors writes several in random order, and hashes would differ
WIDTH = 1e-6, 1.0
TEMPERATURE = 1e-3, 1e3  # fits give 0.01 to 100


@dataclass(frozen=True)
class Header:
    """A network's kind, widths and trunk; ``temperature`` of its pair head, None without one.

    ``sha256``: of ``content``, which is all else that the header says, and of the weights.
    """

    kind: str
    width: float
    trunk_width: float
    temperature: float | None
    content: dict[str, object]
    trunk: str = TRUNK
    sha256: str | None = None

    def __post_init__(self) -> None:
        for key in ("kind", "trunk"):
            if not isinstance(getattr(self, key), str):
                raise ValueError(f"{key}: no text")
        _check("width", self.width, WIDTH)
        _check("trunk_width", self.trunk_width, WIDTH)
        if self.temperature is not None:
            _check("temperature", self.temperature, TEMPERATURE)


def _check(key: str, value: object, within: tuple[float, float]) -> None:
    low, high = within
    if not (
        isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
    ):
        raise ValueError(f"{key}: expected a number from {low:g} to {high:g}")


def read(source: Path) -> Header:
    """Return what ``save`` wrote of a network.

    Raises InputError when the file is missing, broken or another network's.
    """
    try:
        with safe_open(source, framework="numpy") as file:
            facts = json.loads((file.metadata() or {})[KEY])
        return Header(
            kind=facts["kind"],
            width=facts["width"],
            trunk_width=facts["trunk_width"],
            temperature=facts["temperature"],
            trunk=facts.get("trunk", TRUNK),
            sha256=facts.pop("sha256", None),
            content=facts,
        )
    except FileNotFoundError:
        raise InputError(f"{source}: no such file; train the network first") from None
    except (
        *(SafetensorError, OSError, KeyError),
        *(TypeError, ValueError, AttributeError, RecursionError),
    ) as problem:
        raise foreign(source, problem) from None


def foreign(source: Path, problem: Exception) -> InputError:
    """Return the one line about a file that holds no network of this project."""
    return InputError(f"{source}: no network of this project ({reason(problem)}); train it again")
