"""The report's page."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from string import Template

from mtdnet.report.gather import Evaluation, Model, label
from mtdnet.report.sections import results, test, training


def page(evaluations: Sequence[Evaluation], models: Sequence[Model], title: str) -> str:
    """Return the whole page as HTML: no script, no request, pictures as data URIs."""
    sections = [("results", "Results", results(evaluations))]
    sections += [
        (f"test-{e.folder.name}", f"{label(e.benchmark)}, {e.variant}", test(e))
        for e in evaluations
    ]
    if models:
        sections.append(("training", "Training", "\n".join(map(training, models))))
    systems = {system for e in evaluations for system in e.figures}
    benchmarks = {e.benchmark for e in evaluations}
    template = Template(files("mtdnet.report").joinpath("page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=escape(title),
        summary=f"{len(systems)} systems on {len(benchmarks)} benchmarks: rank-1, rank-5 and "
        "rank-10 of the CMC curve, on test persons that neither training nor the choice of the "
        "network has seen.",
        links="".join(
            f'<li><a href="#{escape(i)}">{escape(name)}</a></li>' for i, name, _ in sections
        ),
        sections="\n".join(
            f'<section id="{escape(i)}"><h2>{escape(name)}</h2>\n{content}</section>'
            for i, name, content in sections
        ),
    )
