"""``mtdnet ingest``, ``augment``, ...: the steps without Prefect, DVC and MLflow."""

from contextlib import chdir
from pathlib import Path
from typing import Any

from mtdnet.commands.output import Answer, note


def project(parameters: Path) -> Path:
    """Return the folder of the project that parameters belong to.

    The current one, as Path(), when they lie in it or below, else their own.
    """
    folder = parameters.resolve().parent
    return Path() if folder.is_relative_to(Path.cwd()) else folder


def nearest(parameters: Path) -> Path:
    """Return parameters that are there, else those of the same name in the next folder above."""
    above = (folder / parameters for folder in Path.cwd().parents)
    return parameters if parameters.exists() else next(filter(Path.is_file, above), parameters)


def step(parameters: Path, command: str, **options: Any) -> Answer:
    """Run one step in the project's folder; answer with what it found."""
    from mtdnet import params, steps
    from mtdnet.artifacts import Document

    parameters = nearest(parameters)
    settings, folder = params.load(parameters), project(parameters)
    if folder != Path():
        note(f"in {folder}")
    with chdir(folder):
        result = getattr(steps, command)(settings, **options)
    if isinstance(result, str):
        return Answer(result, {"table": result})
    content = result.model_dump() if isinstance(result, Document) else result or {}
    lines = {key: _line(value) for key, value in content.items() if value is not None}
    return Answer("\n".join(f"{key}: {line}" for key, line in lines.items() if line), content)


def _line(value: Any) -> str:
    """Return a value in a line; of a list only its length, for lists are long."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return str(len(value) if isinstance(value, list) else value)
