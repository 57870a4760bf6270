"""``mtdnet ingest``, ``augment``, ...: the steps without Prefect, DVC and MLflow."""

from pathlib import Path
from typing import Any

from mtdnet.commands.output import Answer


def step(parameters: Path, command: str, **options: Any) -> Answer:
    """Run one step; answer with what it found."""
    from mtdnet import params, steps

    found = getattr(steps, command)(params.load(parameters), **options)
    if isinstance(found, str):
        return Answer(found, {"table": found})
    return Answer("\n".join(f"{key}: {_told(value)}" for key, value in found.items()), found)


def _told(value: Any) -> str:
    """Return a value in a line; of a list only its length, for lists are long."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return str(len(value) if isinstance(value, list) else value)
