"""What a flow leaves in a project: its results as digests, and what must not be there."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

CLOCK = {"seconds", "triplets_per_second"}  # of an artefact: what a clock gave
# The same on the report's page: facts that trainings share, or a column where they differ.
FACT = re.compile(r"<div><dt>(?:seconds|triplets per second)</dt><dd>[^<]*</dd></div>")
TABLE, ROW = re.compile(r"<table>.*?</table>", re.DOTALL), re.compile(r"<tr>.*?</tr>", re.DOTALL)
CELL = re.compile(r"<(t[hd])\b.*?</\1>", re.DOTALL)
DRAFT = re.compile(r"\..+\.\d+\.[a-z0-9_]{8}")
BEGUN = "state_type in ('RUNNING', 'PENDING', 'SCHEDULED')"


def results(root: Path) -> dict[str, str]:
    """Return a digest of every file below ``results`` and ``models``, times left out."""
    files = [file for top in ("results", "models") for file in (root / top).rglob("*")]
    return {str(file.relative_to(root)): _digest(file) for file in files if file.is_file()}


def _digest(file: Path) -> str:
    content = file.read_bytes()
    if file.suffix == ".json":
        value = json.loads(content)
        if isinstance(value, dict):
            content = json.dumps({k: v for k, v in value.items() if k not in CLOCK}).encode()
    if file.suffix == ".html":
        content = TABLE.sub(_timeless, FACT.sub("", content.decode())).encode()
    return hashlib.sha256(content).hexdigest()


def _timeless(table: re.Match[str]) -> str:
    """Return a table without the columns that a clock gave."""
    names = [re.sub("<.*?>", "", cell[0]) for cell in CELL.finditer(table[0].partition("</tr>")[0])]
    times = {place for place, name in enumerate(names) if name.replace(" ", "_") in CLOCK}

    def rest(row: re.Match[str]) -> str:
        cells = enumerate(CELL.finditer(row[0]))
        return f"<tr>{''.join(cell[0] for place, cell in cells if place not in times)}</tr>"

    return ROW.sub(rest, table[0])


def different(root: Path, expected: dict[str, str]) -> Iterator[str]:
    """Yield the files that aren't those of an undisturbed run."""
    found = results(root)
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            yield f"{name}: {'differs' if name in found and name in expected else 'only in one'}"


def wrong(root: Path) -> Iterator[str]:
    """Yield what a finished flow must not leave."""
    for place in sorted(root.rglob(".*")):
        if DRAFT.fullmatch(place.name) and ".dvc/cache" not in str(place):
            yield f"a draft: {place.relative_to(root)}"
    if left := list((root / "checkpoints").rglob("*.[!l]*")):
        yield f"state of what is finished: {left}"
    for line in (*_trainings(root), *_champions(root)):
        yield f"MLflow: {line}"
    with closing(sqlite3.connect(root / ".prefect" / "prefect.db")) as store:
        for table in ("flow_run", "task_run"):
            (count,) = store.execute(f"select count(*) from {table} where {BEGUN}").fetchone()  # noqa: S608
            if count:
                yield f"Prefect: {count} of {table} not ended"
    listed = root / ".dvc" / "tmp" / "rwlock"
    if listed.is_file() and any(json.loads(listed.read_text()).values()):
        yield f"DVC's list of locks: {listed.read_text()}"


def _trainings(root: Path) -> Iterator[str]:
    with closing(sqlite3.connect(root / ".mlflow" / "mlflow.db")) as store:
        found = store.execute("select name, status from runs where lifecycle_stage = 'active'")
        runs = list(found)
    trained = {
        f"{file.parent.parent.name}-{file.parent.name}"
        for file in root.glob("models/*/*/training.json")
    }
    for name in sorted(trained | {name for name, _ in runs}):
        if (states := [status for own, status in runs if own == name]) != ["FINISHED"]:
            yield f"{name}: {states}"


def _champions(root: Path) -> Iterator[str]:
    """Yield registered models that have other than one version, which is champion."""
    with closing(sqlite3.connect(root / ".mlflow" / "mlflow.db")) as store:
        versions = list(store.execute("select name, version from model_versions"))
        named = "select name, version from registered_model_aliases where alias = 'champion'"
        champions = list(store.execute(named))
    if not versions or versions != champions:
        yield f"versions {versions}, champions {champions}"
