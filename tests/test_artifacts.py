"""What steps hand to each other: equal when read again, and refused in one line when wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from mtdnet.artifacts import (
    Bins,
    Curves,
    Document,
    Facts,
    History,
    Metrics,
    Ranks,
    SplitCounts,
    TrainingRecord,
)
from mtdnet.artifacts.base import Table
from mtdnet.errors import InputError

FACTS: dict[str, Any] = {
    **{"variant": "mtdnet", "split": "paper", "split_seed": 0, "split_number": 1},
    **{"train_persons": 300, "validation_persons": 16, "test_persons": 316, "queries": 316},
    **{"gallery": 316, "gallery_rule": "first", "train_triplets": 720, "temperature": 1.5},
    **{"seed": 1, "trained_on": "CPU", "device": "CPU", "bf16": True, "commit": ""},
    "data_hash": "0" * 64,
}
RECORD: dict[str, Any] = {
    **{"variant": "mtdnet", "start": "drawn", "width": 1.0, "trunk_width": 1.0, "seed": 1},
    **{"steps": 20, "triplets": 4800, "best_step": 20, "validation_rank1": 0.5},
    **{"validation_mAP": 0.5, "validation_persons": 9, "temperature": None, "seconds": 1.5},
    **{"triplets_per_second": 3200.0, "device": "CPU", "processes": 1, "bf16": False},
    **{"compiled": False, "commit": "c0ffee"},
}
COUNTS: dict[str, Any] = {
    **{"benchmark": "viper", "split": "paper", "seed": 0, "split_number": 0, "test_from": "x"},
    **{"gallery_rule": "first", "persons": {"train": 3, "validation": 1, "test": 4}},
    **{"images": {"train": 6, "validation": 2, "test": 8}},
    **{"queries": {"validation": 1, "test": 4}, "gallery": {"validation": 1, "test": 4}},
    **{"distractors": 0, "one_camera_persons": 0, "positive_pairs": 3, "triplets": 30},
    "triplets_seed": 1,
}
METRICS = {"MTDnet": {"rank-1": 0.25, "mAP": 1e-05}}
DOCUMENTS = [(Facts, FACTS), (TrainingRecord, RECORD), (SplitCounts, COUNTS), (Metrics, METRICS)]
TABLES = [
    (History, "step,triplets,pair_loss,validation_rank1\n10,2400,0.5,\n20,4800,0.4,1.0\n"),
    (Curves, "rank,MTDnet\n1,0.5\n2,1.0\n"),
    (Ranks, "query,person,MTDnet,MTDnet-trp\n7,0001,1,0\n"),
    (Bins, "system,kind,low,high,predicted,observed,weight\nMTDnet,raw,0.0,0.1,0.05,0.0,1e-06\n"),
    (Bins, "system,kind,low,high,predicted,observed,weight\n"),
]


@pytest.mark.parametrize(("kind", "content"), DOCUMENTS)
def test_a_document_is_read_as_it_was_written(
    kind: type[Document], content: dict[str, Any], tmp_path: Path
) -> None:
    text = json.dumps(content, indent=2) + "\n"
    (tmp_path / kind.FILE).write_text(text, encoding="utf-8")
    read = kind.read(tmp_path)
    read.write(tmp_path / "again")
    assert (tmp_path / "again" / kind.FILE).read_text(encoding="utf-8") == text


@pytest.mark.parametrize(("kind", "text"), TABLES)
def test_a_table_is_read_as_it_was_written(kind: type[Table], text: str, tmp_path: Path) -> None:
    (tmp_path / kind.FILE).write_text(text, encoding="utf-8")
    kind.read(tmp_path).write(tmp_path / "again")
    assert (tmp_path / "again" / kind.FILE).read_text(encoding="utf-8") == text


def test_what_is_not_known_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / Facts.FILE).write_text(json.dumps(FACTS | {"later": 1}), encoding="utf-8")
    assert Facts.read(tmp_path).queries == 316


@pytest.mark.parametrize(
    ("kind", "content", "key", "value", "line"),
    [
        (Facts, FACTS, "temperature", float("nan"), "temperature: .* finite number, found nan"),
        (Facts, FACTS, "temperature", 0.0, "temperature: .* greater than 0, found 0.0"),
        (Facts, FACTS, "temperature", -1.0, "temperature: .* greater than 0, found -1.0"),
        (Facts, FACTS, "test_persons", -1, "test_persons: .* found -1"),
        (Facts, FACTS, "queries", "316", "queries: .* valid integer, found '316'"),
        (Facts, FACTS, "bf16", 1, "bf16: .* valid boolean, found 1"),
        (Facts, FACTS, "cases", {"nobody": 1}, "cases: nobody: "),
        (TrainingRecord, RECORD, "validation_rank1", 1.01, "validation_rank1: .* found 1.01"),
        (TrainingRecord, RECORD, "seconds", float("inf"), "seconds: .* found inf"),
        (TrainingRecord, RECORD, "steps", True, "steps: .* found True"),
        (SplitCounts, COUNTS, "persons", {"train": 3}, "persons: validation: field required"),
        (SplitCounts, COUNTS, "triplets", -3, "triplets: .* found -3"),
        (Metrics, METRICS, "MTDnet", {"mAP": 0.5}, "MTDnet: .*'rank-1' is missing"),
        (Metrics, METRICS, "MTDnet", {"rank-1": 1.5}, "MTDnet: rank-1: .* found 1.5"),
        (Metrics, METRICS, "MTDnet", {"mAP": float("nan")}, "MTDnet: mAP: .* found nan"),
        (Metrics, METRICS, "MTDnet", 0.5, "MTDnet: .* object, found 0.5"),
    ],
)
def test_a_wrong_value_is_named(
    kind: type[Document],
    content: dict[str, Any],
    key: str,
    value: object,
    line: str,
    tmp_path: Path,
) -> None:
    (tmp_path / kind.FILE).write_text(json.dumps(content | {key: value}), encoding="utf-8")
    with pytest.raises(InputError, match=rf"{kind.FILE}: {line}.*; run its step again") as problem:
        kind.read(tmp_path)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(("kind", "content"), DOCUMENTS[:3])
def test_each_key_that_is_missing_is_named(
    kind: type[Document], content: dict[str, Any], tmp_path: Path
) -> None:
    for key in content:
        rest = {name: value for name, value in content.items() if name != key}
        (tmp_path / kind.FILE).write_text(json.dumps(rest), encoding="utf-8")
        with pytest.raises(InputError, match=rf"{kind.FILE}: {key}: field required"):
            kind.read(tmp_path)


def test_a_training_tells_what_the_validation_persons_decided() -> None:
    def told(**of: object) -> str:
        return TrainingRecord.model_validate(RECORD | of).decided

    nobody = {"snapshot": "last", "temperature": None, "fusion": None}
    weights = {"logit": 1.0, "distance": 2.0, "bias": 0.0}
    assert told(**nobody) == "nothing"
    assert told(**nobody | {"temperature": 1.2}) == "its temperature"
    every = told(snapshot="best", temperature=1.2, fusion=weights)
    assert every == "the step and the weights of its verdict and its temperature"


@pytest.mark.parametrize("kind", [Facts, TrainingRecord, SplitCounts, Metrics])
@pytest.mark.parametrize("text", ["", "[]", "null", '"text"', "{", "\x00", "[" * 100_000])
def test_what_is_no_document_is_named(kind: type[Document], text: str, tmp_path: Path) -> None:
    (tmp_path / kind.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"{kind.FILE}: .*; run its step again"):
        kind.read(tmp_path)


@pytest.mark.parametrize("kind", [Facts, Metrics, History, Curves, Ranks, Bins])
def test_a_missing_file_is_named(kind: type[Document] | type[Table], tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"{kind.FILE}: no such file; run the step"):
        kind.read(tmp_path)


@pytest.mark.parametrize(
    ("kind", "text", "line"),
    [
        (History, "", "step: field required"),
        (History, "step,triplets\n", "step: .* at least 1 item"),
        (History, "step,triplets\nx,240\n", "step: row 1: .* found 'x'"),
        (History, "step,triplets,a_loss\n1,240,0.5\n2,480,nan\n", "a_loss: row 2: .* found 'nan'"),
        (History, "step,triplets\n1,240,3\n", "row 1: 2 cells expected"),
        (Curves, "rank,MTDnet\n1,1.5\n", "MTDnet: row 1: .* found '1.5'"),
        (Curves, "rank,MTDnet\n1,\n", "MTDnet: row 1: .* found None"),
        (Curves, "rank,MTDnet\n1,\xff\n", "MTDnet: row 1: "),
        (Ranks, "query,person,MTDnet\n", "query: .* at least 1 item"),
        (Ranks, "query,MTDnet\n1,1\n", "person: field required"),
        (Ranks, "query,person,MTDnet\n1,a,-1\n", "MTDnet: row 1: .* found '-1'"),
        (Bins, "system,kind\nMTDnet,raw\n", "low: field required"),
    ],
)
def test_a_wrong_cell_is_named(kind: type[Table], text: str, line: str, tmp_path: Path) -> None:
    (tmp_path / kind.FILE).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=rf"{kind.FILE}: {line}.*; run its step again"):
        kind.read(tmp_path)


def test_what_is_no_text_is_no_table(tmp_path: Path) -> None:
    (tmp_path / Ranks.FILE).write_bytes(b"query,person\n\xff\xfe,1\n")
    with pytest.raises(InputError, match=r"ranks.csv: no table .*; run its step again"):
        Ranks.read(tmp_path)


def test_only_columns_with_a_number_are_drawn(tmp_path: Path) -> None:
    text = "step,triplets,a_loss,b_loss\n1,240,0.5,\n2,480,,\n"
    (tmp_path / History.FILE).write_text(text, encoding="utf-8")
    assert History.read(tmp_path).columns == {"a_loss": [0.5, None]}
