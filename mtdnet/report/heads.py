"""Which head is right, and how sure the pair heads may be."""

from collections.abc import Sequence
from typing import get_args

from mtdnet.artifacts import Case
from mtdnet.report.labels import percent
from mtdnet.report.load import Evaluation
from mtdnet.report.view import Table, View, picture, table

BIN = ("low", "high", "predicted", "observed", "weight")
CASES: tuple[Case, ...] = get_args(Case)


def head_agreement(name: str, evaluations: Sequence[Evaluation]) -> View | None:
    """Return which of MTDnet's two heads is right; None where no evaluation has two.

    ``table``: counted over the splits; ``picture``: queries of the first.
    """
    own = [(e, e.facts.cases) for e in evaluations if e.facts.cases]
    if not own:
        return None
    counts = {str(e.split): [cases.get(case, 0) for case in CASES] for e, cases in own}
    total = [sum(column) for column in zip(*counts.values(), strict=True)]
    rows = ({"all": total} if len(own) > 1 else {}) | counts
    in_words = ", ".join(f"{case}: {n}" for case, n in zip(CASES, total, strict=True))
    return {
        "table": table(
            f"Queries of {name} by the heads whose first rank is right",
            ["split", *CASES, "queries"],
            [[split, *(_share(n, sum(row)) for n in row), sum(row)] for split, row in rows.items()],
        ),
        "picture": picture(
            own[0][0].picture("head_agreement"),
            f"Queries of {name} that one head alone answers rightly. Over all splits {in_words}.",
            photo=True,
        ),
    }


def _share(part: int, queries: int) -> str:
    return f"{part} ({part / queries:.1%})" if queries else str(part)


def calibration(name: str, evaluations: Sequence[Evaluation]) -> View | None:
    """Return the calibration of the pair heads of one split; None where there is none.

    ``table``: errors of each before and after its temperature; ``pictures``: its curves.
    """
    own = [e for e in evaluations if e.has_pair_head]
    if not own:
        return None
    rows, pictures = [], []
    for e in own:
        measured, temperature = e.figures[e.system], e.facts.temperature
        raw, after = percent(measured["ece-raw"]), percent(measured["ece"])
        written = "-" if temperature is None else f"{temperature:.3f}"
        rows.append([e.system, e.split, written, raw, after])
        pictures.append(
            picture(
                e.picture("reliability"),
                f"Reliability of {e.system} on {name}: expected calibration error {raw} % raw, "
                f"{after} % calibrated.",
                e.system,
                _bins(name, e),
            )
        )
    head = ["system", "split", "temperature", "raw", "calibrated"]
    errors = table(f"Expected calibration error on {name}, in per cent", head, rows)
    return {"table": errors, "pictures": pictures}


def _bins(name: str, e: Evaluation) -> Table:
    b = e.bins
    columns = zip(b.system, b.kind, b.low, b.high, b.predicted, b.observed, b.weight, strict=True)
    rows = [
        [kind, *(f"{value:.4f}" for value in values)]
        for system, kind, *values in columns
        if system == e.system
    ]
    return table(f"Reliability of {e.system} on {name}, split {e.split}", ["curve", *BIN], rows)
