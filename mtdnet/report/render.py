"""The report's page."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template

from mtdnet.report.benchmark import benchmark
from mtdnet.report.labels import label
from mtdnet.report.load import Evaluation, Model, benchmarks
from mtdnet.report.results import results
from mtdnet.report.training import training

SUMMARY = (
    "{} systems on {} benchmarks, {} identity splits in all: rank-1, rank-5 and rank-10 of the CMC "
    "curve, on test persons that neither training nor the choice of the network has seen."
)


def page(evaluations: Sequence[Evaluation], models: Sequence[Model], title: str) -> str:
    """Return the whole page as HTML: no script, no request, pictures as data URIs."""
    sections = [("results", "Results", results(evaluations))]
    sections += [
        (f"test-{name}", label(name), benchmark(name, own))
        for name, own in benchmarks(evaluations).items()
    ]
    if models:
        sections.append(("training", "Training", training(models, evaluations)))
    template = Template(files("mtdnet.report").joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(title),
        summary=SUMMARY.format(
            len({system for e in evaluations for system in e.figures}),
            len(benchmarks(evaluations)),
            len({(e.benchmark, e.split) for e in evaluations}),
        ),
        links="".join(
            f'<li><a href="#{escape(i)}">{escape(name)}</a></li>' for i, name, _ in sections
        ),
        sections="\n".join(
            f'<section id="{escape(i)}" aria-labelledby="{escape(i)}-name">'
            f'<h2 id="{escape(i)}-name">{escape(name)}</h2>\n{content}</section>'
            for i, name, content in sections
        ),
    )
