"""What figures rest on: split, seed, device, commit and data."""

from collections.abc import Mapping
from typing import Any

from mtdnet.report.labels import listed
from mtdnet.report.view import View, table

ROOTS = ("split", "split_number", "split_seed", "seed", "device", "commit", "data_hash")
NAMES = {"seed": "training seed", "data_hash": "hash of images and split"}


def provenance(what: str, facts: Mapping[str, Mapping[str, Any]]) -> View:
    """Return what figures rest on, from the facts of each of their networks by its name.

    In a ``sentence``, and in full: facts that all share, and a ``table`` of those that differ.
    """
    sentence = []
    for key in ROOTS:
        if values := [_short(one, key) for one in facts.values() if key in one]:
            sentence.append(f"{_words(key)} {listed(values)}")
    keys = list(dict.fromkeys(key for one in facts.values() for key in one))
    texts = {key: [_text(one.get(key)) for one in facts.values()] for key in keys}
    differ = [key for key in keys if len(set(texts[key])) > 1]
    rows = zip(facts, *(texts[key] for key in differ), strict=True)
    others = table(f"In what each {what} differs", [what, *map(_words, differ)], rows)
    return {
        "sentence": f"Rests on {'; '.join(sentence)}.",
        "shared": [(_words(key), texts[key][0]) for key in keys if key not in differ],
        "table": others if differ else None,
    }


def _short(facts: Mapping[str, Any], key: str) -> str:
    """Return a fact for reading; hashes are cut to twelve digits."""
    text = _text(facts.get(key))
    if key in ("commit", "data_hash") and len(text) > 12:
        return text[:12] + ("+" if text.endswith("+") else "")
    return text


def _words(key: str) -> str:
    return NAMES.get(key, key.replace("_", " "))


def _text(fact: object) -> str:
    if isinstance(fact, Mapping):
        return ", ".join(f"{name} {_text(one)}" for name, one in fact.items())
    return "-" if fact is None or fact == "" else str(fact)
