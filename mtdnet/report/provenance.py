"""What a figure rests on: split, seed, device, commit and data."""

from collections.abc import Mapping, Sequence
from typing import Any

from mtdnet.report.labels import listed
from mtdnet.report.load import Evaluation

Facts = Mapping[str, Any]
ROOTS = {
    "split": "split",
    "split_number": "split number",
    "split_seed": "split seed",
    "seed": "training seed",
    "device": "device",
    "commit": "commit",
    "data_hash": "hash of images and split",
}


def rests(*evaluations: Evaluation) -> str:
    """Return what a figure of these evaluations rests on, in a sentence."""
    return rests_on([e.facts for e in evaluations])


def rests_on(facts: Sequence[Facts]) -> str:
    """Return what a figure rests on, in a sentence, from the facts of its networks."""
    found = []
    for key, name in ROOTS.items():
        values = [short(one, key) for one in facts if key in one]
        if values:
            found.append(f"{name} {listed(values)}")
    return f"Rests on {'; '.join(found)}."


def short(facts: Facts, key: str) -> str:
    """Return a fact for reading; hashes are cut to twelve digits."""
    text = fact(facts.get(key))
    if key in ("commit", "data_hash") and len(text) > 12:
        return text[:12] + ("+" if text.endswith("+") else "")
    return text


def fact(value: object) -> str:
    """Return a fact in full; "-" when it is not known."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {fact(one)}" for name, one in value.items())
    return "-" if value is None or value == "" else str(value)
