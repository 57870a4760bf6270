from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from mtdnet.report.labels import BENCHMARKS, RANKS
from mtdnet.report.load import evaluations
from mtdnet.report.published import published, unlike


def test_the_published_table_is_whole() -> None:
    rows = published()
    assert len(rows) == 23  # 17 methods and the paper's six
    assert tuple(row.system for row in rows[-6:]) == (
        *("MTDnet-rnk", "MTDnet-cls", "MTDnet-trp"),
        *("MTDnet", "MTDnet-aug", "MTDnet-cross"),
    )
    assert sum(len(row.figures) for row in rows) == 243
    assert {row.type for row in rows} == {"", "Cl", "Rnk", "Cl/Rnk"}


def test_published_figures_are_per_cent_and_rise_with_the_rank() -> None:
    for row in published():
        for benchmark in BENCHMARKS:
            found = [f for k in RANKS if (f := row.figures.get((benchmark, k))) is not None]
            assert all(0 < f <= 100 for f in found)
            assert all(low < high for low, high in pairwise(found))


def test_the_best_published_figures_are_the_ones_printed_bold() -> None:
    best = {
        (b, k): max((f, row.system) for row in published() if (f := row.figures.get((b, k))))
        for b in BENCHMARKS
        for k in RANKS
    }
    assert best["cuhk03", 1] == (74.68, "MTDnet")
    assert best["cuhk03", 5] == (95.99, "MTDnet")
    assert best["cuhk01", 1] == (78.50, "MTDnet-cross")
    assert [best["viper", k] for k in RANKS] == [
        (47.80, "ImpTrpLoss"),
        (77.50, "GatedSiamese"),
        (88.90, "GatedSiamese"),
    ]
    assert [best["ilids", k][0] for k in RANKS] == [60.40, 82.70, 90.70]
    assert [best["prid2011", k] for k in RANKS] == [
        (32.00, "MTDnet"),
        (54.00, "MTDnet-cross"),
        (66.00, "NullReid"),
    ]


def test_only_the_published_counts_of_persons_compare(evaluated: Callable[..., Path]) -> None:
    found = evaluations([evaluated(), evaluated("shop-0/rnk")])
    assert unlike(found) == {
        "viper": "14 training + 20 test persons, published 316 + 316",
        "shop": "14 training + 20 test persons, not in the paper",
    }
    persons = {"train_persons": 300, "validation_persons": 16, "test_persons": 316}
    same = replace(found[0], facts=found[0].facts.model_copy(update=persons))
    assert list(unlike([same, found[1]])) == ["shop"]
