import re
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mtdnet.plots import draw_cmc
from mtdnet.report import curves
from mtdnet.report.load import evaluations

Write = Callable[..., Path]
Curves = Mapping[str, NDArray[np.float64]]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Curves, int]]:
    """Collect the curves that are drawn, and the gallery of their chance."""
    found: list[tuple[Curves, int]] = []

    def keep(of: Curves, target: Path, gallery: int, title: str = "") -> None:
        found.append((of, gallery))
        draw_cmc(of, target, gallery, title)

    monkeypatch.setattr(curves, "draw_cmc", keep)
    return found


def test_a_curve_is_the_mean_over_the_splits(
    evaluated: Write, drawn: list[tuple[Curves, int]]
) -> None:
    found = evaluations([evaluated(f"viper-{s}/{v}") for s in (0, 1) for v in ("mtdnet", "rnk")])
    found[0].curves.pop()  # a smaller gallery
    html = curves.curves("viper", found)
    ((shown, gallery),) = drawn
    assert gallery == 20
    assert {name: len(curve) for name, curve in shown.items()} == {
        "MTDnet-rnk": 20,
        "MTDnet-trp": 19,
        "MTDnet": 19,
    }
    for name, curve in shown.items():
        own = [e.curves for e in found if name in e.figures]
        for k, value in enumerate(curve):
            assert value == pytest.approx(sum(c[k][name] or 0 for c in own) / len(own))
    last = re.findall(r'<th scope="row">20</th><td>(.*?)</td><td>(.*?)</td><td>(.*?)</td>', html)
    assert last == [("100.00", "-", "-")]
    assert f"MTDnet {100 * shown['MTDnet'][0]:.2f} %" in html  # the text beside the picture


def test_chance_is_of_persons_where_they_have_several_images(
    evaluated: Write, drawn: list[tuple[Curves, int]]
) -> None:
    (one,) = evaluations([evaluated()])
    one.facts["gallery"] = 100
    one.figures["MTDnet"]["expected-rank-1"] = 0.5
    curves.curves("viper", [one])
    assert drawn[0][1] == one.facts["test_persons"] == 20


def test_what_measures_mean_is_told_where_they_are(evaluated: Write) -> None:
    found = evaluations([evaluated("viper-0/rnk"), evaluated("viper-1/rnk")])
    html = curves.over("viper", found)
    assert "<h3>Over the splits</h3>" in html and "Student" in html
    assert "asks once with and once without its person" in html and "ECE" not in html
    assert '<th scope="row">MTDnet-rnk, 95 %</th>' in html
    alone = curves.over("viper", found[:1])
    assert "<h3>Figures</h3>" in alone and "Student" not in alone and "±" not in alone
    assert "Expected rank-k" not in alone
    found[0].figures["MTDnet-rnk"]["expected-rank-1"] = 0.5
    assert "Expected rank-k: over random galleries" in curves.over("viper", found[:1])
