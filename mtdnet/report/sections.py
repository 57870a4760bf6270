"""The sections of the report's page: the table, a test, a training."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from mtdnet.pictures import loss_curves
from mtdnet.report.gather import Evaluation, Model, Row, label
from mtdnet.report.html import details, figure, table
from mtdnet.report.table1 import table1
from mtdnet.report.tables import percent

SHOWN = 50  # ranks, as in the picture
TOLD = {
    "split": "split",
    "split_seed": "split seed",
    "seed": "training seed",
    "train_persons": "train persons",
    "validation_persons": "validation persons",
    "test_persons": "test persons",
    "queries": "queries",
    "gallery": "gallery images",
    "trained_on": "trained on",
    "device": "scored on",
    "commit": "commit",
    "data_hash": "hash of images and split",
}


def results(evaluations: Sequence[Evaluation]) -> str:
    """Return Table 1 with our rows, and what our figures rest on."""
    rows = [
        [f"{label(e.benchmark)}, {e.variant}", *(_short(key, e.facts.get(key)) for key in TOLD)]
        for e in evaluations
    ]
    return table1(evaluations) + table(
        "What our figures rest on. Hashes are cut to twelve digits; + is a commit with changes.",
        ["evaluation", *TOLD.values()],
        rows,
    )


def _short(key: str, value: object) -> str:
    """Return a fact for reading; "-" when it is not known."""
    text = "-" if value is None or value == "" else str(value)
    if key in ("commit", "data_hash") and len(text) > 12:
        return text[:12] + ("+" if text.endswith("+") else "")
    return text


def _rests(facts: dict[str, object]) -> str:
    """Return what a figure rests on, in a line."""
    keys = ("split", "split_seed", "seed", "device", "commit", "data_hash")
    known = (key for key in keys if key in facts)
    return "Rests on " + "; ".join(f"{TOLD[key]} {_short(key, facts[key])}" for key in known)


def _measure(name: str) -> tuple[bool, int, str]:
    """Return the place of a measure: ranks by number, then the others."""
    number = name.removeprefix("rank-")
    return (not number.isdigit(), int(number) if number.isdigit() else 0, name)


def test(e: Evaluation) -> str:
    """Return the figures, CMC curves and ranked lists of one evaluation."""
    name, rests = label(e.benchmark), _rests(e.facts)
    measures = sorted({m for f in e.figures.values() for m in f}, key=_measure)
    found = [[s, *(percent(f.get(m)) for m in measures)] for s, f in e.figures.items()]
    systems = [column for column in e.curves[0] if column != "rank"]
    curve = table(
        f"CMC on {name}, in per cent of the queries",
        ["rank", *systems],
        [[int(row["rank"] or 0), *(percent(row[s]) for s in systems)] for row in e.curves[:SHOWN]],
    )
    first = ", ".join(f"{s} {percent(e.curves[0][s])} %" for s in systems)
    return "\n".join(
        [
            table(f"Measured on {name}, in per cent", ["system", *measures], found),
            f'<p class="note">{escape(rests)}.</p>',
            "<h3>CMC curves</h3>",
            figure(
                e.folder / "cmc.png",
                f"CMC curves on {name}. Rank-1: {first}.",
                f"Queries whose true match is among the first ranks; dotted: chance. {rests}.",
                details("Values of the CMC curves", curve),
            ),
            "<h3>Ranked lists</h3>",
            figure(
                e.folder / "ranked.png",
                f"Queries of {name}, each with its ten highest ranked gallery images and its true "
                "match; their scores stand below them.",
                "Best, typical and worst queries. Solid frame and tick: the same person; dashed "
                f"frame and cross: another one; below: the score. {rests}.",
            ),
            details("All facts", table("facts.json", ["fact", "value"], list(e.facts.items()))),
        ]
    )


def training(m: Model) -> str:
    """Return the curves of one training."""
    name = f"{label(m.benchmark)}, {m.variant}"
    with TemporaryDirectory() as room:
        picture = Path(room) / "losses.png"
        loss_curves(m.folder / "history.csv", picture)
        columns = list(m.history[0])
        values = table(
            f"Training of {name}",
            columns,
            [[_number(column, row) for column in columns] for row in m.history],
        )
        chosen = f"step {m.facts.get('best_step', '-')}"
        return "\n".join(
            [
                f"<h3>{escape(name)}</h3>",
                figure(
                    picture,
                    f"Losses and validation figures over the steps of {name}.",
                    f"Losses on training triplets, and figures on the validation persons, which "
                    f"chose {chosen}. {_rests(m.facts)}.",
                    details("Values of the training curves", values),
                ),
                details(
                    "All facts", table("training.json", ["fact", "value"], list(m.facts.items()))
                ),
            ]
        )


def _number(column: str, row: Row) -> str:
    value = row[column]
    if value is None:
        return "-"
    return f"{value:.0f}" if column in ("step", "triplets") else f"{value:.4f}"
