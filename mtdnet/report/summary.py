"""The report as one summary: all that the page shows, computed once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mtdnet.report.compare import verdict
from mtdnet.report.labels import count, label
from mtdnet.report.load import Evaluation, Model, benchmarks
from mtdnet.report.results import Results, results
from mtdnet.report.section import BenchmarkSection, section
from mtdnet.report.training import TrainingSection, trainings


@dataclass(frozen=True)
class Summary:
    """``scope``: what was measured; ``verdicts``: (benchmark, what its figures say)."""

    title: str
    scope: str
    verdicts: Sequence[tuple[str, str]]
    results: Results
    sections: Sequence[BenchmarkSection]
    trainings: Sequence[TrainingSection]


def summary(
    evaluations: Sequence[Evaluation],
    models: Sequence[Model],
    expected: Mapping[str, Sequence[str]],
    title: str,
) -> Summary:
    """Return the summary; ``expected``: benchmark -> systems that were to be measured."""
    own = benchmarks(evaluations)
    systems = {system for e in evaluations for system in e.figures}
    splits = {(e.benchmark, e.split) for e in evaluations}
    return Summary(
        title,
        f"{count(len(systems), 'system')} on {count(len(own), 'benchmark')}, "
        f"{count(len(splits), 'identity split')} in all",
        [(label(name), verdict(of)) for name, of in own.items()],
        results(evaluations, expected),
        [section(name, of) for name, of in own.items()],
        trainings(models),
    )
