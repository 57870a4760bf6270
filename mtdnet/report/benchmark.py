"""The section of one benchmark."""

from collections.abc import Sequence

from mtdnet.report.calibration import calibration
from mtdnet.report.curves import curves, over
from mtdnet.report.figures import lists, looked
from mtdnet.report.head_agreement import cases
from mtdnet.report.html import details, table
from mtdnet.report.load import Evaluation, firsts
from mtdnet.report.paired import paired
from mtdnet.report.provenance import fact


def benchmark(name: str, evaluations: Sequence[Evaluation]) -> str:
    """Return figures over all splits, and the pictures of the first one."""
    first = firsts(evaluations)
    return "\n".join(
        [
            over(name, evaluations),
            curves(name, evaluations),
            cases(name, evaluations),
            paired(name, evaluations),
            lists(name, first),
            looked(name, first),
            calibration(name, first),
            details("All facts", _facts(evaluations)),
        ]
    )


def _facts(evaluations: Sequence[Evaluation]) -> str:
    keys = list(dict.fromkeys(key for e in evaluations for key in e.facts))
    rows = [
        [f"{e.variant}, split {e.split}", *(fact(e.facts.get(key)) for key in keys)]
        for e in evaluations
    ]
    return table("What each facts.json holds", ["evaluation", *keys], rows)
