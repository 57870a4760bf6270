"""Results as JSON, a piece at a time, and shown as Markdown."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.rows import Ratio
from mtdnet.files import read_json, whole, write_json

HEAD = """# Benchmarks

Written by `make bench`. Both sides of a ratio were measured in one run on one machine: `own` and
`other` are rates a second. Peak: that machine's large matrix product, measured in the same run. A
ratio below its aim stands as it came out.
"""
RATIOS = ("work", "against", "unit", "own", "other", "ratio", "aim", "of peak", "notes", "on")

Results = dict[str, Any]


def read(folder: Path) -> Results:
    """Return the results kept so far, by piece."""
    source = folder / "results.json"
    return dict(read_json(source)) if source.exists() else {}


def plain(row: Ratio) -> dict[str, Any]:
    """Return a row as JSON has it, with its ratio."""
    return asdict(row) | {"ratio": row.own / row.other}


def write(results: Results, folder: Path) -> None:
    """Write ``results.json`` and ``results.md``, each whole."""
    write_json(folder / "results.json", results)
    with whole(folder / "results.md") as draft:
        draft.write_text(markdown(results), encoding="utf-8")


def markdown(results: Results) -> str:
    """Return the page: ratios, what was not measured and why, and the machines."""
    letters: dict[str, str] = {}
    ratios, missing = [], []
    for one in results.values():
        if "missing" in one:
            missing.append((one["title"], one["missing"]))
            continue
        place = f"{one['machine']}; commit {one['commit']}; {one['date']}"
        letter = letters.setdefault(place, chr(ord("A") + len(letters)))
        ratios += [_ratio(row, letter) for row in one["rows"]]
    parts = [
        HEAD,
        drawn("", RATIOS, ratios),
        drawn("## Not measured\n\n", ("work", "why"), missing),
        drawn("## Where\n\n", ("", "machine"), [(v, k) for k, v in letters.items()]),
    ]
    return "\n".join(filter(None, parts))


def _ratio(row: Mapping[str, Any], letter: str) -> Sequence[str]:
    aim = "" if row["reach"] is None else f"{row['reach']:g}"
    share = "" if row["share"] is None else f"{row['share']:.0%}"
    rates = (f"{row['own']:,.4g}", f"{row['other']:,.4g}", f"**{row['ratio']:.3g}**")
    told = (row["work"], row["against"], row["unit"], *rates)
    return *told, aim, share, _notes(row["notes"]), letter


def _notes(notes: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in notes.items()
    )


def drawn(head: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table below ``head``; "" without rows."""
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    if not lines:
        return ""
    rule = "|" + " --- |" * len(columns)
    return "\n".join([f"{head}| {' | '.join(columns)} |", rule, *lines]) + "\n"
