from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mtdnet.errors import InputError
from mtdnet.report.compare import compare, compare_all, comparisons, over_benchmarks, verdict
from mtdnet.report.load import Evaluation, evaluations
from mtdnet.report.view import Table

Write = Callable[..., Path]
NAMES = ("viper-0", "cuhk01-0")


def rows(table: Table | None) -> dict[tuple[str, str], list[str]]:
    """Return the rows of a table by their systems."""
    assert table
    ((_, own),) = table.groups
    return {(row.header, row.cells[0].text): [cell.text for cell in row.cells[1:]] for row in own}


def test_differences_are_those_of_the_same_queries(evaluated: Write) -> None:
    read = evaluations([evaluated(f"viper-{s}/{v}") for s in (0, 1) for v in ("mtdnet", "rnk")])
    made = comparisons("viper", compare_all("viper", read))
    assert made
    table = rows(made["first"])
    assert list(table) == [
        ("MTDnet-rnk", "MTDnet"),
        ("MTDnet-trp", "MTDnet"),
        ("MTDnet-fused", "MTDnet"),
        ("MTDnet-trp", "MTDnet-rnk"),
        ("MTDnet-fused", "MTDnet-trp"),
    ]
    for (one, other), cells in table.items():
        of = [_ranks(read, split) for split in (0, 1)]
        differences = [
            100 * sum((a == 1) - (b == 1) for a, b in zip(r[one], r[other], strict=True)) / 40
            for r in of
        ]
        low, high = map(float, cells[3].split(" to "))
        assert cells[:3] == ["0", "40", f"{differences[0]:+.2f}"]
        assert low < differences[0] < high
        assert cells[4:6] == ["2", f"{np.mean(differences):+.2f}"]
    others = rows(made["others"])
    assert list(others) == list(table) and {row[0] for row in others.values()} == {"1"}


def _ranks(read: list[Evaluation], split: int) -> dict[str, list[int]]:
    own = [e for e in read if e.split == split]
    return {name: ranks for e in own for name, ranks in e.ranks.systems.items()}


def test_of_one_split_there_is_no_mean(evaluated: Write) -> None:
    read = evaluations([evaluated(), evaluated("viper-0/cross")])
    made = comparisons("viper", compare_all("viper", read))
    assert made and made["others"] is None
    assert list(made["first"].head)[-1] == "95 % over persons" and len(rows(made["first"])) == 4


def test_over_benchmarks_each_weighs_alike(evaluated: Write) -> None:
    of = {name: [evaluated(f"{name}/{v}") for v in ("mtdnet", "rnk")] for name in NAMES}
    compared = {name: compare_all(name, evaluations(folders)) for name, folders in of.items()}
    table = rows(over_benchmarks(compared.values()))
    assert list(table) == [*rows((comparisons("viper", compared["viper-0"]) or {})["first"])]
    pair = next(iter(table))
    parts = [c.whole() for each in compared.values() for c in each if (c.one, c.other) == pair]
    count, ahead, mean, between = table[pair]
    assert (count, ahead) == ("2", str(sum(part.difference > 0 for part in parts)))
    assert float(mean) == pytest.approx(50 * sum(p.difference for p in parts), abs=0.01)
    low, high = map(float, between.split(" to "))
    errors = [part.error or 0 for part in parts]
    assert high - low == pytest.approx(196 * (errors[0] ** 2 + errors[1] ** 2) ** 0.5, abs=0.02)


def test_nothing_to_compare_is_nothing(evaluated: Write) -> None:
    read = evaluations([evaluated("viper-0/rnk"), evaluated("viper-1/cls")])
    compared = compare_all("viper", read)
    assert comparisons("viper", compared) is None and over_benchmarks([compared]) is None


def test_other_queries_are_an_error(evaluated: Write) -> None:
    first, second = evaluations([evaluated(), evaluated("viper-0/rnk")])
    query = {"query": [q + 1 for q in second.ranks.query]}
    moved = replace(second, ranks=second.ranks.model_copy(update=query))
    with pytest.raises(InputError, match=r"viper-0/rnk: other queries than .*viper-0/mtdnet"):
        compare_all("viper", [first, moved])


def ranked(e: Evaluation, right: Sequence[bool]) -> Evaluation:
    """Return an evaluation of which the queries ``right`` alone found their match first."""
    ranks = {e.system: [1 if one else 2 for one in right]}
    e.figures[e.system]["rank-1"] = sum(right) / len(right)
    return replace(e, ranks=e.ranks.model_copy(update=ranks))


def first_is_right(e: Evaluation, count: int) -> Evaluation:
    # a person has two queries, twenty apart: right are those of the first persons
    return ranked(e, [i % 20 < count for i in range(40)])


def test_a_clear_lead_is_called_one(evaluated: Write) -> None:
    cls, rnk = evaluations([evaluated("viper-0/cls"), evaluated("viper-0/rnk")])
    said = verdict([first_is_right(cls, 2), first_is_right(rnk, 19)])
    assert said.replace("\N{NO-BREAK SPACE}", " ").startswith(
        "MTDnet-cls leads MTDnet-rnk by 85.00 points (rank-1 95.00 % against 10.00 %, chance 5.00 %"
    )
    assert "lies above 0: enough to say so, with 20 test persons." in said


def test_a_small_lead_is_too_little(evaluated: Write) -> None:
    rnk, cls = evaluations([evaluated("viper-0/cls"), evaluated("viper-0/rnk")])
    said = verdict([first_is_right(rnk, 10), first_is_right(cls, 11)])
    assert said.startswith("MTDnet-cls leads MTDnet-rnk by 5.00 points")
    assert "holds 0: too little to say so, with 20 test persons." in said


def test_over_several_splits_the_interval_is_theirs(evaluated: Write) -> None:
    read = evaluations([evaluated(f"viper-{s}/{v}") for s in (0, 1, 2) for v in ("rnk", "cls")])
    counts = {"rnk": (2, 3, 4), "cls": (12, 13, 15)}
    made = [first_is_right(e, counts[e.variant][e.split]) for e in read]
    said = verdict(made)
    assert said.startswith("MTDnet-cls leads MTDnet-rnk by 51.67 points")
    assert "+44.50 to +58.84, lies above 0: enough to say so, with 3 splits." in said
    found = compare(made, "MTDnet-cls", "MTDnet-rnk")
    assert found and found.bounds == (found.over.low, found.over.high)


def test_an_interval_ends_where_differences_do(evaluated: Write) -> None:
    read = evaluations([evaluated(f"viper-{s}/{v}") for s in (0, 1) for v in ("rnk", "cls")])
    counts = {"rnk": (2, 3), "cls": (5, 16)}
    said = verdict([first_is_right(e, counts[e.variant][e.split]) for e in read])
    assert "-100.00 to +100.00, holds 0: too little to say so, with 2 splits." in said


def test_a_lead_that_common_splits_do_not_show_is_none(evaluated: Write) -> None:
    folders = ["viper-0/rnk", "viper-0/cls", "viper-1/rnk"]
    rnk, high, cls = evaluations([evaluated(name) for name in folders])
    made = [first_is_right(rnk, 9), first_is_right(high, 20), first_is_right(cls, 10)]
    assert verdict(made).startswith("MTDnet-rnk is before MTDnet-cls, on other splits: ")


def test_level_and_single_systems(evaluated: Write) -> None:
    read = evaluations([evaluated("viper-0/rnk"), evaluated("viper-0/cls")])
    same = [first_is_right(e, 10) for e in read]
    assert " are level: rank-1 50.00" in verdict(same)
    assert verdict(same[:1]).startswith(f"{same[0].system} alone was measured: rank-1 50.00")
    apart = [same[0], replace(same[1], split=1)]
    assert "on other splits" in verdict(apart)
