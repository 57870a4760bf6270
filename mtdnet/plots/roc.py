"""ROC curves of the systems of one network."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from mtdnet.metrics.roc import FALSE
from mtdnet.plots.style import plain, save, system_style


def draw_roc(
    curves: Mapping[str, tuple[NDArray[np.float64], float]], target: Path, title: str = ""
) -> None:
    """Draw each system's true acceptance rates at those of ``FALSE`` into a PNG file.

    Beside its name stands the area under its curve. The dotted line is chance.
    """
    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    for name, (true, area) in curves.items():
        color, dashes = system_style(name)
        axes.plot(FALSE, true, color=color, linestyle=dashes, label=f"{name}: area {area:.2%}")
    axes.plot(FALSE, FALSE, color="0.45", linestyle=":", label="chance")
    axes.set(title=title, xlabel="pairs of two persons accepted", xscale="log", ylim=(0, 1.01))
    axes.set(ylabel="pairs of one person accepted", xlim=(FALSE[0], 1))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    figure.legend(frameon=False, loc="outside right center", handlelength=3)
    plain(axes)
    save(figure, target)
