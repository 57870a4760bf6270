"""Losses and validation figures over the steps of a training."""

import csv
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mtdnet.errors import InputError
from mtdnet.plots.style import CYCLE, DASHES, plain, save

LOSS, VALIDATION = "_loss", "validation_"


def draw_loss_curves(history: Path, target: Path, title: str = "") -> None:
    """Draw ``history.csv`` into a PNG file: columns ``*_loss`` above, ``validation_*`` below.

    An empty cell is left out, and so is a column of them. Raises InputError when the table is
    missing or has no such column.
    """
    rows = read_history(history)
    filled = [name for name in rows[0] if any(row[name] is not None for row in rows)]
    losses = [name for name in filled if name.endswith(LOSS)]
    measured = [name for name in filled if name.startswith(VALIDATION)]
    if not losses or not measured:
        raise InputError(f"{history}: no number in a column *{LOSS} or {VALIDATION}*; train again")
    figure = Figure(figsize=(6, 5), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    _draw(above, rows, losses)
    _draw(below, rows, measured)
    above.set(title=title, ylabel="loss", ylim=(0, None))
    below.set(xlabel="step", ylabel="validation", ylim=(0, 1.01))
    below.yaxis.set_major_formatter(PercentFormatter(1))
    save(figure, target)


def read_history(source: Path, key: str = "step") -> list[dict[str, float | None]]:
    """Return the rows of a table of numbers, None for an empty cell.

    Raises InputError when it is missing, has no row, or a row without a ``key``.
    """
    try:
        with source.open(encoding="utf-8", newline="") as stream:
            rows = [
                {name: float(cell) if cell else None for name, cell in row.items()}
                for row in csv.DictReader(stream)
            ]
    except FileNotFoundError:
        raise InputError(f"{source}: no such file; run the step that writes it") from None
    except (TypeError, ValueError) as problem:
        raise InputError(f"{source}: no table of numbers ({problem}); run its step again") from None
    if not rows or any(row.get(key) is None for row in rows):
        raise InputError(f"{source}: no row, or one without a {key}; run its step again")
    return rows


def _draw(axes: Axes, rows: list[dict[str, float | None]], names: list[str]) -> None:
    for number, name in enumerate(names):
        points = [
            (x, y)
            for row in rows
            if (x := row["step"]) is not None and (y := row[name]) is not None
        ]
        axes.plot(
            [x for x, _ in points],
            [y for _, y in points],
            color=CYCLE[number % len(CYCLE)],
            linestyle=DASHES[number % len(DASHES)],
            marker="o" if len(points) == 1 else "",
            label=_told(name),
        )
    axes.legend(frameon=False, loc="best")
    plain(axes)


def _told(name: str) -> str:
    short = name.removesuffix(LOSS).removeprefix(VALIDATION)
    return short.replace("rank1", "rank-1").replace("_", " ")
