"""What a ``network.safetensors`` tells of itself, read without its weights."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from mtdnet.errors import InputError

TRUNK = "caffenet"  # of a network that doesn't name its trunk
KEY = "network"  # one: safetensors writes several in random order, and hashes would differ


def read(source: Path) -> dict[str, Any]:
    """Return what ``save`` wrote of a network: its kind, trunk, widths and temperature.

    Raises InputError when the file is missing, broken or another network's.
    """
    try:
        with safe_open(source, framework="numpy") as file:
            told = json.loads((file.metadata() or {})[KEY])
        known = {key: told[key] for key in ("kind", "width", "trunk_width", "temperature")}
        return known | {"trunk": told.get("trunk", TRUNK)}
    except FileNotFoundError:
        raise InputError(f"{source}: no such file; train the network first") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as problem:
        raise foreign(source, problem) from None


def foreign(source: Path, problem: Exception) -> InputError:
    """Return the one line about a file that holds no network of this project."""
    line = " ".join(str(problem).split())[:200]
    return InputError(f"{source}: no network of this project ({line}); train it again")
