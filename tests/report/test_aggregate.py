from collections.abc import Callable
from pathlib import Path

from mtdnet.report.aggregate import figures, mean, span, splits
from mtdnet.report.load import evaluations


def test_figures_hold_the_value_of_each_split(evaluated: Callable[..., Path]) -> None:
    found = evaluations([evaluated(f"viper-{s}/{v}") for s in (0, 1) for v in ("mtdnet", "rnk")])
    gathered = figures(found)
    systems = ("MTDnet-rnk", "MTDnet-trp", "MTDnet", "MTDnet-fused")
    assert list(gathered) == [("viper", system) for system in systems]
    for (_, system), measured in gathered.items():
        own = [e.figures[system] for e in found if system in e.figures]
        assert measured == {name: [one[name] for one in own] for name in own[0]}
        assert splits(measured) == 2


def test_of_one_split_there_is_no_deviation_and_no_interval() -> None:
    assert (mean([0.5]), span([0.5])) == ("50.00", "-")
    assert (mean([]), span([])) == ("-", "-")


def test_several_splits_have_both() -> None:
    # mean 0.5, sd 0.1; Student's t of two degrees is 4.303: 4.303 * 0.1 / sqrt(3) = 0.248
    assert (mean([0.4, 0.5, 0.6]), span([0.4, 0.5, 0.6])) == ("50.00 ± 10.00", "25.16 to 74.84")


def test_an_interval_ends_where_shares_do() -> None:
    assert span([0.9, 1.0]) == "31.47 to 100.00"
    assert span([0.0, 0.1]) == "0.00 to 68.53"
