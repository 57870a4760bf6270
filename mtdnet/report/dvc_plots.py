"""Curves of all networks of a benchmark in one table, which ``dvc plots`` draws as one picture."""

from collections.abc import Sequence
from pathlib import Path

from mtdnet.files import write_csv
from mtdnet.plots.style import system_style
from mtdnet.report.labels import VARIANTS
from mtdnet.report.load import Evaluation, Model, benchmarks

CMC, TRAINING = "cmc", "training"  # folders of tables, one a benchmark
RANKS = 50


def write_curves(folder: Path, evaluations: Sequence[Evaluation], models: Sequence[Model]) -> None:
    """Write ``cmc/BENCHMARK.csv`` and ``training/BENCHMARK.csv``, a row a point of a curve.

    Of a test the rate (in [0, 1]) at the first ``RANKS`` ranks of each system; of a training
    rank-1 on validation persons, and the triplets until then. Of several splits each has its own.
    A system has its colour in every picture.
    """
    (folder / CMC).mkdir()
    (folder / TRAINING).mkdir()
    for name, tested in benchmarks(evaluations).items():
        points = (
            (system, system_style(system)[0], one.split, rank, rate)
            for one in tested
            for system, curve in one.curves.systems.items()
            for rank, rate in zip(one.curves.rank[:RANKS], curve, strict=False)
        )
        head = ("system", "colour", "split", "rank", "rate")
        write_csv(folder / CMC / f"{name}.csv", head, points)
    for name, trained in benchmarks(models).items():
        rows = (
            (system, system_style(system)[0], one.split, triplets, rank1)
            for one in trained
            for system in VARIANTS.get(one.variant, (one.variant,))[:1]
            for triplets, rank1 in zip(
                one.history.triplets, one.history.columns["validation_rank1"], strict=True
            )
        )
        head = ("system", "colour", "split", "triplets", "validation rank-1")
        write_csv(folder / TRAINING / f"{name}.csv", head, rows)
