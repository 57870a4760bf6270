from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mtdnet.plots.cmc import draw_cmc
from mtdnet.report import section as module
from mtdnet.report.load import Evaluation, evaluations
from mtdnet.report.section import section

Write = Callable[..., Path]
Curves = Mapping[str, NDArray[np.float64]]


@pytest.fixture
def plotted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Curves, int]]:
    """Collect the curves that are drawn, and the gallery of their chance."""
    plots: list[tuple[Curves, int]] = []

    def keep(of: Curves, target: Path, gallery: int, title: str = "") -> None:
        plots.append((of, gallery))
        draw_cmc(of, target, gallery, title)

    monkeypatch.setattr(module, "draw_cmc", keep)
    return plots


def shortened(e: Evaluation) -> Evaluation:
    """Return an evaluation of a gallery that is smaller by one."""
    curves = {name: column[:-1] for name, column in e.curves.model_dump().items()}
    return replace(e, curves=type(e.curves).model_validate(curves))


def test_a_curve_is_the_mean_over_the_splits(
    evaluated: Write, plotted: list[tuple[Curves, int]]
) -> None:
    read = evaluations([evaluated(f"viper-{s}/{v}") for s in (0, 1) for v in ("mtdnet", "rnk")])
    read[0] = shortened(read[0])
    picture = section("viper", read, [])["curves"]
    ((curves, gallery),) = plotted
    assert gallery == 20
    assert {name: len(curve) for name, curve in curves.items()} == {
        "MTDnet-rnk": 20,
        "MTDnet-trp": 19,
        "MTDnet": 19,
        "MTDnet-fused": 19,
    }
    for name, curve in curves.items():
        own = [e.curves.systems[name] for e in read if name in e.figures]
        for k, value in enumerate(curve):
            assert value == pytest.approx(sum(c[k] for c in own) / len(own))
    assert picture.values
    ((_, rows),) = picture.values.groups
    assert (rows[19].header, [cell.text for cell in rows[19].cells]) == (
        "20",
        ["100.00", "-", "-", "-"],
    )
    assert f"MTDnet {100 * curves['MTDnet'][0]:.2f} %" in picture.alt


def test_chance_is_of_persons_where_they_have_several_images(
    evaluated: Write, plotted: list[tuple[Curves, int]]
) -> None:
    (one,) = evaluations([evaluated()])
    one.figures["MTDnet"]["expected-rank-1"] = 0.5
    section("viper", [replace(one, facts=one.facts.model_copy(update={"gallery": 100}))], [])
    assert plotted[0][1] == one.facts.test_persons == 20


def test_measures_say_what_must_be_explained(evaluated: Write) -> None:
    read = evaluations([evaluated("viper-0/rnk"), evaluated("viper-1/rnk")])
    assert section("viper", read, [])["measured"] == {"rank", "mAP", "dir", "tar", "auc", "splits"}
    made = section("viper", read[:1], [])
    assert made["measured"] == {"rank", "mAP", "dir", "tar", "auc"}
    assert not any(name.startswith(("DIR", "TAR", "ROC")) for name in made["measures"].head)
    assert made["further"]
    assert list(made["further"].head)[2:] == [
        "DIR at 1 %",
        "DIR at 10 %",
        "TAR at 10 %",
        "ROC area",
    ]
    assert "area: MTDnet-rnk 90.00 %" in made["roc"].alt
    read[0].figures["MTDnet-rnk"]["expected-rank-1"] = 0.5
    assert "expected" in section("viper", read[:1], [])["measured"]


def test_the_best_of_each_measure_is_marked(evaluated: Write) -> None:
    read = evaluations([evaluated("viper-0/cls"), evaluated("viper-0/aug")])
    for e, rank1, ece in zip(read, (0.5, 0.75), (0.02, 0.01), strict=True):
        e.figures[e.system] |= {"rank-1": rank1, "ece": ece}
    ((_, rows),) = section("viper", read, [])["measures"].groups
    assert [row.header for row in rows] == ["MTDnet-cls", "MTDnet-aug"]
    assert len({row.colour for row in rows}) == 2
    for i in (1, -1):  # rank-1, the higher is better; ECE, the lower
        assert [row.cells[i].best for row in rows] == [False, True]
    ((_, (row,)),) = section("viper", read[:1], [])["measures"].groups
    assert not any(cell.best for cell in row.cells)  # nothing to be better than


def test_of_several_networks_the_first_shows_persons(evaluated: Write) -> None:
    read = evaluations([evaluated(f"viper-{s}/{v}") for s in (0, 1) for v in ("mtdnet", "cls")])
    made = section("viper", read, [])
    assert made["system"] == "MTDnet" and made["ranked"].alt.endswith(" %.")
    assert made["ranked"].source.startswith("data:image/webp;base64,")
    assert made["more"] == [str(read[2].folder / "pictures")]
    assert made["calibration"] and [p.title for p in made["calibration"]["pictures"]] == [
        "MTDnet",
        "MTDnet-cls",
    ]


def test_without_pair_head_its_pictures_are_left_out(evaluated: Write) -> None:
    made = section("viper", evaluations([evaluated("viper-0/rnk")]), [])
    assert not (made["heads"] or made["occlusion"] or made["calibration"] or made["comparisons"])
