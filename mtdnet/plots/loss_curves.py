"""Losses and validation figures over the steps of a training."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mtdnet.artifacts import History
from mtdnet.errors import InputError
from mtdnet.plots.style import DASHES, GREYS, plain, save

LOSS, VALIDATION = "_loss", "validation_"


def draw_loss_curves(history: History, target: Path, title: str = "") -> None:
    """Draw a training into a PNG file: columns ``*_loss`` above, ``validation_*`` below.

    An empty cell is left out, and so is a column of them. Raises InputError when there is no
    number in either kind.
    """
    losses = [name for name in history.columns if name.endswith(LOSS)]
    measured = [name for name in history.columns if name.startswith(VALIDATION)]
    if not losses or not measured:
        raise InputError(
            f"{title}: {history.FILE} has no number in a column *{LOSS} or {VALIDATION}*; "
            "train again"
        )
    figure = Figure(figsize=(6, 5), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    _draw(above, history, losses)
    _draw(below, history, measured)
    top = max(y for name in losses for y in history.columns[name] if y is not None)
    above.set(title=title, ylabel="loss", ylim=(0, 1.1 * top or 1))
    below.set(xlabel="step", ylabel="validation", ylim=(0, 1.01))
    below.yaxis.set_major_formatter(PercentFormatter(1))
    save(figure, target)


def _draw(axes: Axes, history: History, names: list[str]) -> None:
    for number, name in enumerate(names):
        column = zip(history.step, history.columns[name], strict=True)
        points = [(x, y) for x, y in column if y is not None]
        axes.plot(
            [x for x, _ in points],
            [y for _, y in points],
            color=GREYS[number % len(GREYS)],
            linestyle=DASHES[number % len(DASHES)],
            marker="o" if len(points) == 1 else "",
            label=_label(name),
        )
    axes.legend(frameon=False, loc="best")
    plain(axes)


def _label(name: str) -> str:
    short = name.removesuffix(LOSS).removeprefix(VALIDATION)
    return short.replace("rank1", "rank-1").replace("_", " ")
