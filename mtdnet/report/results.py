"""The results: Table 1 with our rows, and what they rest on."""

from collections.abc import Sequence

from mtdnet.report.html import details, table
from mtdnet.report.labels import label
from mtdnet.report.load import Evaluation, firsts
from mtdnet.report.provenance import short
from mtdnet.report.table1 import table1

TOLD = {
    "split": "split",
    "split_seed": "split seed",
    "seed": "training seed",
    "train_persons": "train persons",
    "validation_persons": "validation persons",
    "test_persons": "test persons",
    "queries": "queries",
    "gallery": "gallery images",
    "gallery_rule": "gallery rule",
    "train_triplets": "training triplets",
    "trained_on": "trained on",
    "device": "scored on",
    "commit": "commit",
    "data_hash": "hash of images and split",
}


def results(evaluations: Sequence[Evaluation]) -> str:
    """Return Table 1 with our rows, and what our figures rest on."""
    first = firsts(evaluations)
    others = [e for e in evaluations if e not in first]
    cut = "Hashes are cut to twelve digits; + is a commit with changes."
    more = _facts(f"What the figures of the other splits rest on. {cut}", others)
    return "\n".join(
        [
            table1(evaluations),
            _facts(f"What our figures rest on. {cut}", first),
            details("The other splits", more) if others else "",
        ]
    )


def _facts(caption: str, evaluations: Sequence[Evaluation]) -> str:
    rows = [
        [
            f"{label(e.benchmark)}, {e.variant}, split {e.split}",
            *(short(e.facts, key) for key in TOLD),
        ]
        for e in evaluations
    ]
    return table(caption, ["evaluation", *TOLD.values()], rows)
