"""``mtdnet ingest``, ``augment``, ...: the steps without Prefect, DVC and MLflow."""

from pathlib import Path
from typing import Any

from mtdnet.commands.output import Answer


def step(parameters: Path, command: str, **options: Any) -> Answer:
    """Run one step; answer with what it found."""
    from mtdnet import params, steps
    from mtdnet.artifacts import Document

    result = getattr(steps, command)(params.load(parameters), **options)
    if isinstance(result, str):
        return Answer(result, {"table": result})
    found = result.model_dump() if isinstance(result, Document) else result or {}
    return Answer("\n".join(f"{key}: {_line(value)}" for key, value in found.items()), found)


def _line(value: Any) -> str:
    """Return a value in a line; of a list only its length, for lists are long."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return str(len(value) if isinstance(value, list) else value)
