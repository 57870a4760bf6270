"""The trainings: curves of each network of the first split, values of all."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from mtdnet.artifacts import History
from mtdnet.plots import draw_loss_curves
from mtdnet.report.html import details, figure, table
from mtdnet.report.labels import label
from mtdnet.report.load import Evaluation, Model, Row, benchmarks, firsts
from mtdnet.report.provenance import Facts, fact, rests_on

SPLIT = ("split", "split_seed", "data_hash")  # what the evaluation of a network knows of its data


def training(models: Sequence[Model], evaluations: Sequence[Evaluation]) -> str:
    """Return every training: its curves where it is of the first split, and its values."""
    of = {
        (e.benchmark, e.split, e.variant): {key: e.facts[key] for key in SPLIT if key in e.facts}
        for e in evaluations
    }
    parts = []
    for benchmark, own in benchmarks(models).items():
        parts.append(f"<h3>{escape(label(benchmark))}</h3>")
        first = firsts(own)
        for m in first:
            data = of.get((m.benchmark, m.split, m.variant), {})
            parts.append(_curves(m, {**data, "split_number": m.split, **m.facts}))
        parts += [_values(m) for m in own if m not in first]
        parts.append(details(f"All facts of {label(benchmark)}", _facts(own)))
    return "\n".join(parts)


def _name(m: Model) -> str:
    return f"{label(m.benchmark)}, {m.variant}, split {m.split}"


def _curves(m: Model, facts: Facts) -> str:
    """Return the picture of a training and its values."""
    ends = ", ".join(
        f"{column.replace('_', ' ')} {_number(column, m.history[-1])}"
        for column in m.history[0]
        if column not in COUNTS
    )
    with TemporaryDirectory() as room:
        picture = Path(room) / "losses.png"
        draw_loss_curves(History.read(m.folder), picture, _name(m))
        return figure(
            picture,
            f"Losses and validation figures over the steps of {_name(m)}. At the end: {ends}.",
            f"{_name(m)}: losses on training triplets, and figures on the validation persons, "
            f"which chose step {fact(m.facts.get('best_step'))}. {rests_on([facts])}",
            _values(m),
        )


def _values(m: Model) -> str:
    columns = list(m.history[0])
    rows = [[_number(column, row) for column in columns] for row in m.history]
    return details(f"Values of {_name(m)}", table(f"Training of {_name(m)}", columns, rows))


def _facts(models: Sequence[Model]) -> str:
    keys = list(dict.fromkeys(key for m in models for key in m.facts))
    rows = [[_name(m), *(fact(m.facts.get(key)) for key in keys)] for m in models]
    return table("What each training.json holds", ["training", *keys], rows)


COUNTS = ("step", "triplets")


def _number(column: str, row: Row) -> str:
    value = row[column]
    if value is None:
        return "-"
    return f"{value:.0f}" if column in COUNTS else f"{value:.4f}"
