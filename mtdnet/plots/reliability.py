"""Reliability diagrams: how often a probability of a pair head is right."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator, PercentFormatter

from mtdnet.metrics.calibration import Reliability, calibration_error
from mtdnet.plots.style import plain, save, system_style


def draw_reliability(
    curves: Mapping[str, tuple[Reliability, Reliability]], target: Path, title: str = ""
) -> None:
    """Draw each system's raw and calibrated reliability curve into a PNG file.

    Above, the share of same pairs over the predicted probability, by bins; the dotted diagonal is
    perfect. Below, the bins' weights, of which same and different pairs have half each. The
    legend has the expected calibration error.
    """
    figure = Figure(figsize=(max(4.0, 3 * len(curves) + 0.6), 4.6), layout="constrained")
    figure.suptitle(title, fontsize=10)
    grid = figure.subplots(
        2, len(curves), squeeze=False, sharex=True, sharey="row", height_ratios=[3, 1]
    )
    for (above, below), (system, (raw, calibrated)) in zip(grid.T, curves.items(), strict=True):
        above.plot([0, 1], [0, 1], color="0.45", linestyle=":")
        color, _ = system_style(system)
        _draw(above, below, raw, "raw", color, "--", "s")
        _draw(above, below, calibrated, "calibrated", color, "-", "o")
        above.set(title=system, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        below.set(xlabel="predicted probability", ylim=(0, None))
        above.legend(frameon=False, loc="upper left", fontsize=8)
        for axes in (above, below):
            plain(axes)
            axes.xaxis.set_major_locator(MultipleLocator(0.25))
            axes.xaxis.set_major_formatter(PercentFormatter(1))
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    grid[0, 0].set_ylabel("same pairs")
    grid[1, 0].set_ylabel("weight")
    save(figure, target)


def _draw(
    above: Axes, below: Axes, curve: Reliability, name: str, color: str, line: str, marker: str
) -> None:
    above.plot(
        curve.predicted,
        curve.observed,
        color=color,
        linestyle=line,
        marker=marker,
        markersize=5,
        markerfacecolor=color if line == "-" else "white",
        label=f"{name}: error {calibration_error(curve):.1%}",
    )
    below.bar(
        curve.low,
        curve.weight,
        curve.high - curve.low,
        align="edge",
        color="none",
        edgecolor=color,
        linestyle=line,
        linewidth=1.2,
    )
