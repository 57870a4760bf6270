"""Systems compared on the same queries."""

from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from mtdnet.errors import InputError
from mtdnet.metrics.interval import Difference, interval, rank1_difference
from mtdnet.report.html import details, note, table
from mtdnet.report.labels import SYSTEMS, label
from mtdnet.report.load import Evaluation
from mtdnet.report.provenance import rests

# Against MTDnet each other system; then what the second task and the frozen source copy add.
PAIRS = (
    *((system, "MTDnet") for system in SYSTEMS if system != "MTDnet"),
    ("MTDnet-trp", "MTDnet-rnk"),
    ("MTDnet-cross", "MTDnet-aug"),
)
READ = (
    "Difference in rank-1 on the same queries of a split, in percentage points; above 0 the first "
    "system is better. The interval over persons is a bootstrap: it holds the chance of the test "
    "persons, not that of training."
)
HEAD = ("system", "against", "split", "queries", "difference", "95 % over persons")
OVER = ("splits", "mean difference", "95 % over splits")


def paired(benchmark: str, evaluations: Sequence[Evaluation]) -> str:
    """Return the differences of pairs of systems, of the first split that has both and over all.

    Raises InputError when two evaluations of a split asked other queries.
    """
    of = {(e.split, system): e for e in evaluations for system in e.ranks.systems}
    splits = sorted({e.split for e in evaluations})
    first, others, used = [], [], []
    for one, other in tqdm(PAIRS, desc=f"compare on {benchmark}", unit="pair", disable=None):
        found = {
            s: _difference(of[s, one], one, of[s, other], other)
            for s in splits
            if (s, one) in of and (s, other) in of
        }
        rows = [_row(one, other, s, *measured) for s, measured in found.items()]
        if not rows:
            continue
        used += [of[s, system] for s in found for system in (one, other)]
        over = ["-"] * len(OVER)
        if len(rows) > 1:
            mean = interval([measured.difference for _, measured in found.values()])
            over = [str(len(rows)), _points(mean.mean), _between(mean.low, mean.high)]
        first.append([*rows[0], *over])
        others += rows[1:]
    if not first:
        return ""
    name = label(benchmark)
    head = [*HEAD, *(OVER if others else ())]
    main = table(
        f"Paired differences in rank-1 on {name}", head, [row[: len(head)] for row in first]
    )
    more = table(f"Paired differences on the other splits of {name}", HEAD, others)
    return "\n".join(
        [
            "<h3>Paired comparisons</h3>",
            main,
            note(f"{READ} {rests(*used)}"),
            details("The other splits", more) if others else "",
        ]
    )


def _difference(
    e: Evaluation, system: str, other: Evaluation, against: str
) -> tuple[int, Difference]:
    """Return the count of queries that have a true match, and the difference on them."""
    ranks, others = e.ranks, other.ranks
    if ranks.query != others.query:
        raise InputError(f"{e.folder}: other queries than {other.folder}; evaluate both again")
    one, two = np.array(ranks.systems[system]), np.array(others.systems[against])
    person = np.array(ranks.person)
    return int(((one > 0) & (two > 0)).sum()), rank1_difference(one, two, person)


def _row(one: str, other: str, split: int, queries: int, found: Difference) -> list[str]:
    between = _between(found.low, found.high)
    return [one, other, str(split), str(queries), _points(found.difference), between]


def _between(low: float | None, high: float | None) -> str:
    return f"{_points(low)} to {_points(high)}"


def _points(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:+.2f}"
