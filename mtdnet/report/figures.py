"""What the systems saw: ranked lists, and where the pair head looked."""

from collections.abc import Sequence

from mtdnet.report.html import details, figure
from mtdnet.report.labels import label, percent
from mtdnet.report.load import Evaluation
from mtdnet.report.provenance import rests

LISTS = (
    "Best, typical and worst queries of {}. Solid frame and tick: the same person; dashed frame "
    "and cross: another one; below: its probability or distance."
)
LOOKED = (
    "Where the pair head of {} looked. Red: a grey patch there lowers the probability that both "
    "images show one person; blue: it raises it."
)


def lists(benchmark: str, evaluations: Sequence[Evaluation]) -> str:
    """Return the ranked lists of each network; the first is shown, the others when asked for."""
    drawn = []
    for e in evaluations:
        system = system_of(e)
        alt = (
            f"Queries of {label(benchmark)}, each with its ten highest ranked gallery images and "
            f"its true match. {system}: {_rank1(e)}."
        )
        drawn.append(figure(e.picture("ranked"), alt, f"{LISTS.format(system)} {rests(e)}"))
    return "\n".join(["<h3>Ranked lists</h3>", *first_open("Ranked lists", evaluations, drawn)])


def looked(benchmark: str, evaluations: Sequence[Evaluation]) -> str:
    """Return where each pair head looked."""
    own = [e for e in evaluations if has_pair_head(e)]
    if not own:
        return ""
    drawn = []
    for e in own:
        alt = (
            f"Pairs of images of {label(benchmark)} with the places on which the pair head's "
            f"probability rests. {system_of(e)}: {_rank1(e)}."
        )
        drawn.append(
            figure(e.picture("occlusion_maps"), alt, f"{LOOKED.format(system_of(e))} {rests(e)}")
        )
    name = "Where the pair head looked"
    return "\n".join([f"<h3>{name}</h3>", *first_open(name, own, drawn)])


def system_of(e: Evaluation) -> str:
    """Return the system that an evaluation's pictures show."""
    return next(iter(e.figures))


def has_pair_head(e: Evaluation) -> bool:
    """Tell whether an evaluated network tells probabilities."""
    return any("ece" in measured for measured in e.figures.values())


def _rank1(e: Evaluation) -> str:
    return f"rank-1 {percent(e.figures[system_of(e)].get('rank-1'))} %"


def first_open(name: str, evaluations: Sequence[Evaluation], drawn: Sequence[str]) -> list[str]:
    """Return the first figure as it is, the others to be opened."""
    more = zip(evaluations[1:], drawn[1:], strict=True)
    return [drawn[0], *(details(f"{name}: {system_of(e)}", one) for e, one in more)]
