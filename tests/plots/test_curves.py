from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from mtdnet.artifacts import History
from mtdnet.errors import InputError
from mtdnet.plots import cmc, loss_curves
from mtdnet.plots.cmc import draw_cmc
from mtdnet.plots.loss_curves import draw_loss_curves
from mtdnet.report.labels import SYSTEMS

HEADER = "step,triplets,triplet_loss,pair_loss,validation_rank1\n"


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Collect the figures that are saved."""
    found: list[Figure] = []

    def keep(figure: Figure, target: Path) -> None:
        found.append(figure)

    monkeypatch.setattr(cmc, "save", keep)
    monkeypatch.setattr(loss_curves, "save", keep)
    return found


def history(folder: Path, text: str) -> History:
    (folder / "history.csv").write_text(text, encoding="utf-8")
    return History.read(folder)


def test_cmc_lines_hold_the_curves_and_chance(figures: list[Figure], tmp_path: Path) -> None:
    curves = {"MTDnet": np.linspace(0.5, 1, 80), "MTDnet-trp": np.linspace(0.2, 1, 80)}
    draw_cmc(curves, tmp_path / "cmc.png", gallery=80)
    lines = figures[0].axes[0].lines
    assert [line.get_label() for line in lines] == [
        "MTDnet: rank-1 50.0%",
        "MTDnet-trp: rank-1 20.0%",
        "chance",
    ]
    assert np.array_equal(np.asarray(lines[0].get_ydata()), curves["MTDnet"][:50])
    assert np.array_equal(np.asarray(lines[0].get_xdata()), np.arange(1, 51))
    assert np.allclose(np.asarray(lines[2].get_ydata()), np.arange(1, 51) / 80)
    assert len({line.get_linestyle() for line in lines}) == 3  # not by colour alone


def test_all_systems_are_told_apart_without_colour(figures: list[Figure], tmp_path: Path) -> None:
    curves = {name: np.linspace(0.1 * i, 1, 9) for i, name in enumerate(SYSTEMS)}
    draw_cmc(curves, tmp_path / "cmc.png", gallery=9)
    lines = figures[0].axes[0].lines
    dashes = {str(line.get_linestyle()) + str(line._dash_pattern) for line in lines}  # type: ignore[attr-defined]
    colours = {line.get_color() for line in lines}
    assert len(dashes) == len(colours) == len(lines) == len(SYSTEMS) + 1


def test_a_system_has_one_colour_whatever_stands_beside_it(
    figures: list[Figure], tmp_path: Path
) -> None:
    curve = np.linspace(0.5, 1, 9)
    for names in (["MTDnet", "MTDnet-trp"], ["MTDnet-rnk", "own", "MTDnet-trp"], ["own"]):
        draw_cmc(dict.fromkeys(names, curve), tmp_path / "cmc.png", gallery=9)
    colours: dict[str, set[object]] = {}
    for line in (line for figure in figures for line in figure.axes[0].lines):
        colours.setdefault(str(line.get_label()), set()).add(line.get_color())
    assert {len(own) for own in colours.values()} == {1}
    assert len({str(own) for own in colours.values()}) == len(colours) == 5


def test_a_constant_loss_is_no_edge_of_its_axes(figures: list[Figure], tmp_path: Path) -> None:
    text = HEADER + "10,2400,0.5,0.5,0.1\n20,4800,0.5,0.5,0.1\n"
    draw_loss_curves(history(tmp_path, text), tmp_path / "losses.png")
    assert figures[0].axes[0].get_ylim() == pytest.approx((0, 0.55))


@pytest.mark.parametrize(
    ("names", "cells", "expected"),
    [
        ("triplet_loss,pair_loss,contrastive_loss", "0.5,0.69,0.2", "triplet,pair,contrastive"),
        ("pair_loss", "0.69", "pair"),
        ("triplet_loss,pair_loss", "0.5,", "triplet"),  # an empty column has no line
    ],
)
def test_a_variants_own_losses_are_drawn(
    figures: list[Figure], tmp_path: Path, names: str, cells: str, expected: str
) -> None:
    text = (
        f"step,triplets,{names},validation_rank1,validation_rank1_ranking\n10,9,{cells},0.5,0.4\n"
    )
    draw_loss_curves(history(tmp_path, text), tmp_path / "losses.png")
    above, below = ([str(line.get_label()) for line in axes.lines] for axes in figures[0].axes)
    assert above == expected.split(",")
    assert below == ["rank-1", "rank-1 ranking"]


def test_loss_lines_leave_empty_cells_out(figures: list[Figure], tmp_path: Path) -> None:
    text = HEADER + "10,2400,0.5,0.69,\n20,4800,0.4,0.6,0.25\n30,7200,0.3,0.5,0\n"
    draw_loss_curves(history(tmp_path, text), tmp_path / "losses.png")
    above, below = figures[0].axes
    assert [line.get_label() for line in above.lines] == ["triplet", "pair"]
    assert np.array_equal(np.asarray(above.lines[1].get_ydata()), [0.69, 0.6, 0.5])
    assert np.array_equal(np.asarray(below.lines[0].get_xdata()), [20, 30])
    assert np.array_equal(np.asarray(below.lines[0].get_ydata()), [0.25, 0])


@pytest.mark.parametrize("ranks", [1, 2, 300])
def test_pictures_are_png_files(tmp_path: Path, ranks: int) -> None:
    draw_cmc({"MTDnet": np.linspace(0.1, 1, ranks)}, tmp_path / "cmc.png", gallery=ranks)
    draw_loss_curves(history(tmp_path, HEADER + "1,240,0.5,0.69,0.1\n"), tmp_path / "losses.png")
    for name, width in (("cmc.png", 800), ("losses.png", 600)):
        assert (tmp_path / name).stat().st_size < 50_000
        with Image.open(tmp_path / name) as image:
            assert image.format == "PNG" and image.width == width


@pytest.mark.parametrize(
    "text", ["step,triplets,pair_loss,validation_rank1\n1,2,2,\n", "step,triplets,speed\n1,2,2\n"]
)
def test_a_history_with_nothing_to_draw_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"no number in a column \*_loss or validation_\*"):
        draw_loss_curves(history(tmp_path, text), tmp_path / "losses.png")
    assert not (tmp_path / "losses.png").exists()
