import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mtdnet.errors import InputError
from mtdnet.report.load import Evaluation, evaluations
from mtdnet.report.paired import paired

Write = Callable[..., Path]


def rows(html: str, caption: str) -> dict[tuple[str, str], list[str]]:
    """Return the rows of a table by their systems."""
    (body,) = re.findall(rf"<caption><span>{caption}.*?<tbody>(.*?)</tbody>", html, re.DOTALL)
    found = re.findall(r"<th scope=\"row\">(.*?)</th>(.*?)</tr>", body)
    cells = [(name, *re.findall("<td>(.*?)</td>", row)) for name, row in found]
    return {(row[0], row[1]): [*row[2:]] for row in cells}


def test_differences_are_those_of_the_same_queries(evaluated: Write) -> None:
    found = evaluations([evaluated(f"viper-{s}/{v}") for s in (0, 1) for v in ("mtdnet", "rnk")])
    html = paired("viper", found)
    table = rows(html, "Paired differences in rank-1 on VIPeR")
    assert list(table) == [
        ("MTDnet-rnk", "MTDnet"),
        ("MTDnet-trp", "MTDnet"),
        ("MTDnet-trp", "MTDnet-rnk"),
    ]
    for (one, other), cells in table.items():
        of = [_ranks(found, split) for split in (0, 1)]
        differences = [
            100 * sum((a == 1) - (b == 1) for a, b in zip(r[one], r[other], strict=True)) / 40
            for r in of
        ]
        low, high = map(float, cells[3].split(" to "))
        assert cells[:3] == ["0", "40", f"{differences[0]:+.2f}"]
        assert low < differences[0] < high
        assert cells[4:6] == ["2", f"{np.mean(differences):+.2f}"]
    others = rows(html, "Paired differences on the other splits")
    assert list(others) == list(table) and {row[0] for row in others.values()} == {"1"}


def _ranks(found: list[Evaluation], split: int) -> dict[str, list[int]]:
    own = [e for e in found if e.split == split]
    return {name: ranks.tolist() for e in own for name, ranks in e.ranks.systems.items()}


def test_of_one_split_there_is_no_mean(evaluated: Write) -> None:
    html = paired("viper", evaluations([evaluated(), evaluated("viper-0/cross")]))
    assert "over splits" not in html and "<details>" not in html
    assert len(rows(html, "Paired differences")) == 2


def test_nothing_to_compare_is_no_section(evaluated: Write) -> None:
    assert paired("viper", evaluations([evaluated("viper-0/rnk"), evaluated("viper-1/cls")])) == ""


def test_other_queries_are_an_error(evaluated: Write) -> None:
    first, second = evaluations([evaluated(), evaluated("viper-0/rnk")])
    moved = replace(second, ranks=replace(second.ranks, query=second.ranks.query + 1))
    with pytest.raises(InputError, match=r"viper-0/rnk: other queries than .*viper-0/mtdnet"):
        paired("viper", [first, moved])
