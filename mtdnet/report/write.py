"""The report of all evaluations: a page, a CSV file and a table for the terminal."""

from collections.abc import Sequence
from pathlib import Path

from mtdnet import params
from mtdnet.files import whole
from mtdnet.report import load
from mtdnet.report.compare import compare_all, over_benchmarks, verdict
from mtdnet.report.dvc_plots import write_curves
from mtdnet.report.labels import count, label
from mtdnet.report.render import render
from mtdnet.report.results import results
from mtdnet.report.section import section
from mtdnet.report.tables import terminal, write_measures, write_metrics
from mtdnet.report.training import trainings


def report(
    *, evaluations: Sequence[Path], models: Sequence[Path], out: Path, settings: params.Report
) -> str:
    """Write ``index.html``, one self-contained page, and the tables; return ``table.txt``.

    The others: ``table.csv``, and for DVC ``metrics.json`` and what ``write_curves`` writes.

    ``evaluations``: folders ``{benchmark}-{split}/{variant}`` that ``evaluate`` writes;
    ``models``: those of the trainings. A folder that is not there is a "-" in the tables.

    Raises InputError when no evaluation is there or one is broken.
    """
    measured, trained = load.evaluations(evaluations), load.models(models)
    expected = load.expected(evaluations, measured)
    table = terminal(measured, expected)
    own = load.benchmarks(measured)
    compared = {name: compare_all(name, of) for name, of in own.items()}
    systems = {system for e in measured for system in e.figures}
    splits = {(e.benchmark, e.split) for e in measured}
    page = render(
        "report.html",
        title=settings.title,
        scope=f"{count(len(systems), 'system')} on {count(len(own), 'benchmark')}, "
        f"{count(len(splits), 'identity split')} in all",
        verdicts=[(label(name), verdict(of)) for name, of in own.items()],
        results=results(measured, expected),
        compared=over_benchmarks(compared.values()),
        sections=[section(name, of, compared[name]) for name, of in own.items()],
        trainings=trainings(trained),
    )
    with whole(out) as draft:
        draft.mkdir()
        (draft / "index.html").write_text(page, encoding="utf-8")
        write_measures(draft / "table.csv", measured)
        write_metrics(draft / "metrics.json", measured)
        write_curves(draft, measured, trained)
        (draft / "table.txt").write_text(f"{table}\n", encoding="utf-8")
    return table
