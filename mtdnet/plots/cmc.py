"""CMC curves of the systems of one benchmark."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from mtdnet.plots.style import plain, save, system_style

LAST_RANK = 50  # ranks; the whole curve is in the table


def draw_cmc(
    curves: Mapping[str, NDArray[np.float64]], target: Path, gallery: int, title: str = ""
) -> None:
    """Draw CMC curves, (ranks,) in [0, 1] from rank 1, by system into a PNG file.

    The dotted line is chance: rank / ``gallery``, of a random order of ``gallery`` persons.
    """
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    last = min(LAST_RANK, max(len(curve) for curve in curves.values()))
    for name, curve in curves.items():
        points, (color, dashes) = curve[:last], system_style(name)
        axes.plot(
            np.arange(1, len(points) + 1),
            points,
            color=color,
            linestyle=dashes,
            marker="o" if len(points) == 1 else "",
            label=f"{name}: rank-1 {points[0]:.1%}",
        )
    ranks = np.arange(1, last + 1)
    axes.plot(ranks, np.minimum(ranks / gallery, 1), color="0.45", linestyle=":", label="chance")
    axes.set(title=title, xlabel="rank", ylabel="queries matched", ylim=(0, 1.01))
    axes.set_xlim(1, max(last, 2))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(frameon=False, loc="outside right center", handlelength=3)  # over no curve
    plain(axes)
    save(figure, target)
