"""Which of MTDnet's two heads is right."""

from collections.abc import Sequence

from mtdnet.report.html import figure, note, table
from mtdnet.report.labels import label
from mtdnet.report.load import Evaluation
from mtdnet.report.provenance import rests

CASES = ("both", "pair head alone", "ranking head alone", "neither")
QUESTION = (
    "The question of the paper's Figure 1: a pair head that decides well may rank badly, and a "
    "ranking head may put what merely looks alike first. Counted are the queries of which a "
    "head's first rank is the true match."
)


def cases(benchmark: str, evaluations: Sequence[Evaluation]) -> str:
    """Return MTDnet's cases, counted over the splits, and the picture of the first one."""
    own = [e for e in evaluations if "cases" in e.facts]
    if not own:
        return ""
    counts = {str(e.split): [int(e.facts["cases"][case]) for case in CASES] for e in own}
    total = [sum(column) for column in zip(*counts.values(), strict=True)]
    rows = ({"all": total} if len(own) > 1 else {}) | counts
    of = dict(zip(CASES, total, strict=True))
    return "\n".join(
        [
            "<h3>Which head is right?</h3>",
            note(QUESTION),
            table(
                f"Queries of {label(benchmark)} by the heads whose first rank is right",
                ["split", *CASES, "queries"],
                [
                    [name, *(_share(n, sum(row)) for n in row), sum(row)]
                    for name, row in rows.items()
                ],
            ),
            figure(
                own[0].picture("head_agreement"),
                f"Queries of {label(benchmark)} that one head alone answers rightly. Over all "
                f"splits {', '.join(f'{case}: {count}' for case, count in of.items())}.",
                "Queries that one head of MTDnet alone answers rightly: the first three images of "
                "the pair head and of the ranking head, and the true match. "
                f"{rests(own[0])}",
            ),
        ]
    )


def _share(count: int, queries: int) -> str:
    return f"{count} ({count / queries:.1%})" if queries else str(count)
