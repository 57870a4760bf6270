"""The trainings: curves of the first split, tables of all."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from mtdnet.pictures import loss_curves
from mtdnet.report.gather import Evaluation, Model, Row, benchmarks, firsts
from mtdnet.report.html import details, figure, note, table
from mtdnet.report.names import label
from mtdnet.report.rests import Facts, fact, rests_on

SPLIT = ("split", "split_number", "split_seed", "data_hash")  # what evaluations know of a training


def training(models: Sequence[Model], evaluations: Sequence[Evaluation]) -> str:
    """Return every training: its curves where it is of the first split, and its values."""
    of = {_key(e): {key: e.facts[key] for key in SPLIT if key in e.facts} for e in evaluations}
    parts = []
    for benchmark, own in benchmarks(models).items():
        first = firsts(own)
        parts += [
            f"<h3>{label(benchmark)}</h3>",
            *(_curves(m, {"split_number": m.split} | of.get(_key(m), {}) | m.facts) for m in first),
            *(details(f"Values of {_name(m)}", _values(m)) for m in own if m not in first),
            _facts(benchmark, own),
        ]
    return "\n".join(parts)


def _key(network: Evaluation | Model) -> tuple[str, int, str]:
    return network.benchmark, network.split, network.variant


def _name(m: Model) -> str:
    return f"{label(m.benchmark)}, {m.variant}, split {m.split}"
