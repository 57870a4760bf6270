"""The trainings: curves of each network of the first split, values of all."""

from collections.abc import Sequence

from mtdnet.artifacts import TrainingRecord
from mtdnet.plots.loss_curves import draw_loss_curves
from mtdnet.report.labels import label
from mtdnet.report.load import Model, benchmarks, firsts
from mtdnet.report.provenance import provenance
from mtdnet.report.view import Picture, Table, View, drawn, table

COUNTS = ("step", "triplets")


def trainings(models: Sequence[Model]) -> list[View]:
    """Return the trainings by benchmark; ``others``: the values of the other splits."""
    return [_training(label(benchmark), own) for benchmark, own in benchmarks(models).items()]


def _training(name: str, models: Sequence[Model]) -> View:
    first = firsts(models)
    facts = {
        f"{m.variant}, split {m.split}": {"split_number": m.split, **m.record.model_dump()}
        for m in models
    }
    return {
        "name": name,
        "notes": [_of_ranking(m.record) for m in first if m.variant == "rnk"],
        "curves": [_curves(m) for m in first],
        "others": [_values(m) for m in models if m not in first],
        "provenance": provenance("training", facts),
    }


def _of_ranking(record: TrainingRecord) -> str:
    """Return how a training of MTDnet-rnk differs from the authors'."""
    layers = ", ".join(record.pretrained) or f"none, its start is {record.start}"
    return (
        f"MTDnet-rnk: dropout {record.dropout:g}; layers of ImageNet's weights: {layers}. "
        "The authors' has dropout 0.5 and begins with conv1 to fc7 of CaffeNet."
    )


def _name(m: Model) -> str:
    return f"{label(m.benchmark)}, {m.variant}, split {m.split}"


def _curves(m: Model) -> Picture:
    """Return the picture of a training and its values."""
    ends = ", ".join(
        f"{name.replace('_', ' ')} {_number(name, column[-1])}"
        for name, column in m.history.columns.items()
    )
    return drawn(
        lambda file: draw_loss_curves(m.history, file, _name(m)),
        f"Losses and validation figures over the steps of {_name(m)}. At the end: {ends}.",
        f"{m.variant}, split {m.split}: step {m.record.best_step} of {m.record.steps} kept; "
        f"the validation persons decided {m.record.decided}",
        _values(m),
    )


def _values(m: Model) -> Table:
    columns = m.history.model_dump()
    rows = zip(*columns.values(), strict=True)
    written = [[_number(*cell) for cell in zip(columns, row, strict=True)] for row in rows]
    return table(f"Training of {_name(m)}", list(columns), written)


def _number(column: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if column in COUNTS else f"{value:.4f}"
