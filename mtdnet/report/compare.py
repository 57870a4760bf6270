"""Systems compared on the same queries, and which is ahead."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from tqdm import tqdm

from mtdnet.errors import InputError
from mtdnet.metrics.interval import (
    Difference,
    Interval,
    interval,
    mean_difference,
    rank1_difference,
)
from mtdnet.report.aggregate import figures
from mtdnet.report.labels import SYSTEMS, count, label, percent, points
from mtdnet.report.load import Evaluation
from mtdnet.report.view import Table, View, table

# Against MTDnet each other system; then what the second task, the pair head beside the ranking
# head, the frozen source copy and re-ranking add.
PAIRS = (
    *((system, "MTDnet") for system in SYSTEMS if system != "MTDnet"),
    ("MTDnet-trp", "MTDnet-rnk"),
    ("MTDnet-fused", "MTDnet-trp"),
    ("MTDnet-cross", "MTDnet-aug"),
    ("MTDnet-trp-reranked", "MTDnet-trp"),
    ("MTDnet-rnk-reranked", "MTDnet-rnk"),
)
HEAD = ("system", "against", "split", "queries", "difference", "95 % over persons")
PERCENT = "\N{NO-BREAK SPACE}%"
OVER = ("splits", "mean difference", "95 % over splits")


@dataclass(frozen=True)
class Comparison:
    """Rank-1 of ``one`` less that of ``other``: split -> queries and difference; over all."""

    one: str
    other: str
    splits: dict[int, tuple[int, Difference]]
    over: Interval

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The 95 % interval: over the splits where there are several, else over persons."""
        if len(self.splits) > 1:
            return self.over.low, self.over.high
        ((_, difference),) = self.splits.values()
        return difference.low, difference.high

    def whole(self) -> Difference:
        """Return the mean over the splits, no surer than one of them: they share persons."""
        errors = [difference.error for _, difference in self.splits.values()]
        known = [error for error in errors if error is not None]
        error = float(np.mean(known)) if len(known) == len(errors) else None
        return Difference(self.over.mean, *self.bounds, error)


def compare(evaluations: Sequence[Evaluation], one: str, other: str) -> Comparison | None:
    """Compare two systems on each split that measured both; None where none did.

    Raises InputError when two evaluations of a split asked other queries.
    """
    of = {(e.split, system): e for e in evaluations for system in e.figures}
    splits = sorted({split for split, _ in of})
    common = [s for s in splits if (s, one) in of and (s, other) in of]
    gains = {s: _difference(of[s, one], one, of[s, other], other) for s in common}
    if not gains:
        return None
    return Comparison(one, other, gains, interval([d.difference for _, d in gains.values()]))


def _difference(
    e: Evaluation, system: str, other: Evaluation, against: str
) -> tuple[int, Difference]:
    """Return the count of queries that have a true match, and the difference on them."""
    if e.ranks.query != other.ranks.query:
        raise InputError(f"{e.folder}: other queries than {other.folder}; evaluate both again")
    one, two = np.array(e.ranks.systems[system]), np.array(other.ranks.systems[against])
    person = np.array(e.ranks.person)
    return int(((one > 0) & (two > 0)).sum()), rank1_difference(one, two, person)


def compare_all(benchmark: str, evaluations: Sequence[Evaluation]) -> list[Comparison]:
    """Return the comparisons of all pairs of systems that a benchmark's splits measured."""
    pairs = tqdm(PAIRS, desc=f"compare on {benchmark}", unit="pair", disable=None)
    return list(filter(None, (compare(evaluations, *pair) for pair in pairs)))


def over_benchmarks(compared: Iterable[Sequence[Comparison]]) -> Table | None:
    """Return a table of the pairs that several benchmarks measured; None where there is none.

    ``compared``: the comparisons of each benchmark.
    """
    of: dict[tuple[str, str], list[Difference]] = {}
    for each in chain.from_iterable(compared):
        of.setdefault((each.one, each.other), []).append(each.whole())
    rows = []
    for pair in PAIRS:
        if len(parts := of.get(pair, [])) > 1:
            mean = mean_difference(parts)
            ahead = sum(part.difference > 0 for part in parts)
            between = _between(mean.low, mean.high)
            rows.append([*pair, len(parts), ahead, points(mean.difference), between])
    head = ["system", "against", "benchmarks", "ahead on", "mean difference", "95 % over persons"]
    return table("Paired differences in rank-1 over the benchmarks", head, rows) if rows else None


def comparisons(benchmark: str, compared: Sequence[Comparison]) -> View | None:
    """Return what a benchmark's splits say of pairs of systems; None where there is nothing.

    Tables of a row a pair: ``first`` of the first split and over all, ``others`` of other splits.
    """
    first, others = [], []
    for each in compared:
        rows = [
            [each.one, each.other, s, queries, points(d.difference), _between(d.low, d.high)]
            for s, (queries, d) in each.splits.items()
        ]
        over = each.over
        mean = [len(rows), points(over.mean), _between(over.low, over.high)]
        first.append([*rows[0], *(mean if len(rows) > 1 else "---")])
        others += rows[1:]
    if not first:
        return None
    name, head = label(benchmark), [*HEAD, *(OVER if others else ())]
    caption, rows = f"Paired differences in rank-1 on {name}", [row[: len(head)] for row in first]
    further = f"Paired differences on the other splits of {name}"
    return {
        "first": table(caption, head, rows),
        "others": table(further, HEAD, others) if others else None,
    }


def verdict(evaluations: Sequence[Evaluation]) -> str:
    """Return in a few words which system is ahead on a benchmark, and if the interval says so."""
    of = figures(evaluations)
    rank1 = {system: float(np.mean(measured["rank-1"])) for (_, system), measured in of.items()}
    chance = f"chance {_share(1 / evaluations[0].chance)}"
    first, *rest = sorted(rank1, key=lambda system: -rank1[system])
    if not rest:
        return f"{first} alone was measured: rank-1 {_share(rank1[first])} ({chance})."
    second = rest[0]
    ours = f"rank-1 {_share(rank1[first])} against {_share(rank1[second])}, {chance}"
    lead = compare(evaluations, first, second)
    if lead is None or lead.over.mean < 0:
        return f"{first} is before {second}, on other splits: {ours}."
    if lead.over.mean == 0:
        return f"{first} and {second} are level: {ours}."
    low, high = lead.bounds
    sentence = f"{first} leads {second} by {100 * lead.over.mean:.2f} points ({ours})."
    if low is None or high is None:
        return f"{sentence} One person gives no interval."
    persons = count(len(set(evaluations[0].ranks.person)), "test person")
    base = f"{len(lead.splits)} splits" if len(lead.splits) > 1 else persons
    says = "lies above 0: enough to say so" if low > 0 else "holds 0: too little to say so"
    return f"{sentence} The 95{PERCENT} interval, {_between(low, high)}, {says}, with {base}."


def _share(value: float) -> str:
    return f"{percent(value)}{PERCENT}"


def _between(low: float | None, high: float | None) -> str:
    """Return an interval in percentage points, cut to what a difference of shares can be."""
    return " to ".join(points(end and min(max(end, -1), 1)) for end in (low, high))
