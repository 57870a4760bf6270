"""Wrong parameters are one line that names the key."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from mtdnet import params
from mtdnet.errors import InputError
from mtdnet.params.base import Section
from tests.params.changing import changed


@pytest.mark.parametrize(
    ("section", "values", "words"),
    [
        ("train", {"speed": 1}, r"train: unknown key 'speed'; known: .*steps"),
        ("train", {"steps": "many"}, r"train\.steps: expected a whole number, found 'many'"),
        ("train", {"steps": True}, r"train\.steps: expected a whole number, found True"),
        ("train", {"steps": 3.0}, r"train\.steps: expected a whole number, found 3\.0"),
        ("train", {"steps": 0}, r"train\.steps: expected greater than or equal to 1, found 0"),
        (
            "train",
            {"learning_rate": -1},
            r"train\.learning_rate: expected greater than 0, found -1",
        ),
        (
            "train",
            {"learning_rate": "1e-5"},
            r"train\.learning_rate: expected a number, found '1e-5'",
        ),
        ("train", {"learning_rate": True}, r"train\.learning_rate: expected a number, found True"),
        (
            "train",
            {"learning_rate": float("inf")},
            r"train\.learning_rate: expected a finite number, found inf",
        ),
        ("train", {"momentum": 1.0}, r"train\.momentum: expected less than 1, found 1\.0"),
        (
            "train",
            {"learning_rates": {"viper": "low"}},
            r"train\.learning_rates\.viper: expected a number",
        ),
        (
            "train",
            {"learning_rates": {"virep": 0.1}},
            r"train\.learning_rates: no benchmark 'virep'",
        ),
        (
            "train",
            {"learning_rates": {"viper": -1}},
            r"train\.learning_rates\.viper: expected greater than 0",
        ),
        ("train", {"targets": "viper"}, r"train\.targets: expected a list, found 'viper'"),
        ("train", {"targets": ["viper", 3]}, r"train\.targets\[1\]: expected text, found 3"),
        (
            "pretrain",
            {"source": "viper"},
            r"train\.targets: 'viper' is pretrain\.source;",
        ),
        ("train", {"variants": ["none"]}, r"train\.variants\[0\]: no 'none'; known: aug, cls"),
        ("train", {"variants": ["rnk", "rnk"]}, r"train\.variants: 'rnk' stands twice"),
        (
            "augment",
            {"splits": {"viper": {"seed": -1}}},
            r"augment\.splits\.viper\.seed: expected greater than or equal to 0, found -1",
        ),
        ("train", {"splits": [-1]}, r"train\.splits\[0\]: expected greater than or equal to 0"),
        ("train", {"compared": {"targets": ["x"]}}, r"compared\.targets: 'x' is not among targets"),
        (
            "train",
            {"compared": {"targets": ["viper"], "variants": ["mtdnet"]}},
            "train: compared: 'mtdnet' on 'viper' is among targets and variants too",
        ),
        (
            "train",
            {"steps": 0, "learning_rate": -1},
            r"train\.steps: .*, found 0; also wrong: train\.learning_rate$",
        ),
        ("train", {"hard_negatives": {"share": 2}}, r"share: expected less than or equal to 1"),
        ("train", {"variants": ["joint"]}, "'joint' is not listed here; name its targets"),
        (
            "train",
            {"joint": {"targets": ["x"], "splits": [0]}},
            "joint.targets: 'x' is not",
        ),
        (
            "train",
            {"joint": {"targets": ["viper"], "splits": [3]}},
            "joint.splits: 3 is not",
        ),
        ("train", {"joint": {"targets": ["viper"]}}, "joint: targets and splits are both given or"),
        ("train", {"rate": 0.1}, "train: 'rate' is now 'learning_rate'"),
        ("train", {"rates": {}}, "train: 'rates' is now 'learning_rates'"),
        ("pretrain", {"decay": 0.1}, "pretrain: 'decay' is now 'weight_decay'"),
        ("pretrain", {"margin": 1.0}, r"'margin' is now 'losses\.triplet\.margin'"),
        ("train", {"losses": {"pair": {"margin": 1}}}, r"losses\.pair: unknown key 'margin'"),
        (
            "train",
            {"losses": {"triplet": {"margin": 0}}},
            r"triplet\.margin: expected greater than",
        ),
        ("train", {"losses": {"triplet": {"weight": -1}}}, r"triplet\.weight: expected greater"),
        ("train", {"losses": {"pair": {"smoothing": 1.0}}}, r"smoothing: expected less than 1"),
        ("train", {"optimiser": "adam"}, "optimiser: expected 'sgd' or 'adamw', found 'adam'"),
        ("train", {"schedule": {"warm_up": 1}}, r"schedule\.warm_up: expected less than 1"),
        ("train", {"averaging": 1.0}, r"averaging: expected less than 1"),
        ("train", {"augmentation": {"erasing": 2}}, r"erasing: expected less than or equal to 1"),
        ("train", {"augmentation": {"shift": 100}}, r"shift: expected less than or equal to 64"),
        ("pretrain", {"joint_start": "x"}, "joint_start: expected 'drawn' or 'difference'"),
        ("ingest", {"layouts": []}, r"ingest\.layouts: expected keys and values, found \[\]"),
        ("augment", {"draw": "all"}, r"augment\.draw: expected 'block' or 'camera', found 'all'"),
        ("augment", {"pairs": 10}, r"augment: pairs must exceed negatives \(10\), found 10"),
        ("augment", {"splits": {"viper": {"nane": "x"}}}, r"splits\.viper: unknown key 'nane'"),
        ("augment", {"splits": {"viper": {"folds": 1}}}, r"viper: folds: one leaves nobody"),
        (
            "augment",
            {"splits": {"viper": {"folds": 5, "validation": 9}}},
            "viper: folds and validation are both given",
        ),
        ("augment", {"splits": {"vipr": {}}}, r"augment\.splits: no benchmark 'vipr'; known: "),
        ("pretrain", {"splits": [1]}, "pretrain: splits: 0 is missing"),
        ("pretrain", {"compile": 1}, r"pretrain\.compile: expected true or false, found 1"),
        ("pretrain", {"width": 2}, r"pretrain\.width: expected less than or equal to 1"),
        ("evaluate", {"false_alarms": [1.0]}, r"evaluate\.false_alarms\[0\]: expected less than 1"),
        ("evaluate", {"ranks": [0]}, r"evaluate\.ranks\[0\]: expected greater than or equal to 1"),
        ("evaluate", {"ranks": []}, r"evaluate\.ranks: expected .*at least 1 item"),
        ("evaluate", {"source_only": ["trp"]}, r"source_only\[0\]: no 'trp'; known: aug"),
        ("evaluate", {"source_only": ["cross"]}, "'cross' is not in pretrain.variants"),
        ("evaluate", {"pictures": 0}, r"evaluate\.pictures: expected greater than or equal to 1"),
    ],
)
def test_one_line_names_the_key(
    tmp_path: Path, section: str, values: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        params.load(changed(tmp_path, section, **values))
    assert "\n" not in str(caught.value) and "params.yaml: " in str(caught.value)


@pytest.mark.parametrize(
    "name", ["my shop", "shop.v2", "o'hara", "x;y", "/etc", "../x", "-x", "", "é", "a\n", "a/b"]
)
def test_a_benchmark_is_a_plain_word(tmp_path: Path, name: str) -> None:
    for section, values in (
        ("ingest", {"layouts": {name: "table"}}),
        ("augment", {"splits": {name: {}}}),
        ("pretrain", {"source": name}),
        ("train", {"targets": [name]}),
        ("train", {"learning_rates": {name: 0.1}}),
        ("train", {"compared": {"targets": [name]}}),
    ):
        with pytest.raises(InputError, match="expected a name of letters, digits, - and _") as said:
            params.load(changed(tmp_path, section, **values))
        assert "\n" not in str(said.value) and repr(name) in str(said.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ingest: [", "not YAML: line 1: "),
        ("seed: 2024-13-45", "not YAML"),
        ("seed: !!bool x", "not YAML"),
        ("seed: " + 5_000 * "[", "not YAML: nested too deeply"),
        ("seed: " + 3_000 * "[" + 3_000 * "]", "not YAML: nested too deeply"),
        ("ingest: 0x" + 5_000 * "f", "found something too long to show"),
        ("seed: 1\nseed: 2", 'not YAML: line 2: found duplicate key "seed"'),
        ("seed: !!python/object:os.system x", "not YAML: line 1: could not determine"),
        ("", "expected keys and values, found None"),
        ("ingest: {layouts: {}}", "key 'augment' is missing; also wrong: pretrain, train"),
        ("seeds: 1", "unknown key 'seeds'; known: augment"),
        ("1: 2", "unknown key '1'"),
    ],
)
def test_one_line_for_what_is_no_parameter_file(tmp_path: Path, text: str, words: str) -> None:
    source = tmp_path / "params.yaml"
    source.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        params.load(source)
    assert "\n" not in str(caught.value)


def test_one_line_for_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        params.load(tmp_path / "params.yaml")
    with pytest.raises(InputError, match="can't be read"):
        params.load(tmp_path)
    (tmp_path / "params.yaml").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(InputError, match="not YAML"):
        params.load(tmp_path / "params.yaml")


def test_hard_negatives_need_blocks(tmp_path: Path) -> None:
    source = changed(tmp_path, "train", hard_negatives={"share": 0.5})
    assert params.load(source).train.hard_negatives.share == 0.5
    source.write_text(source.read_text().replace("draw: block", "draw: camera"))
    with pytest.raises(InputError, match=r"train\.hard_negatives: they stand in blocks"):
        params.load(source)


def test_nothing_is_taught_that_stays_as_it_is(tmp_path: Path) -> None:
    source = changed(tmp_path, "train", losses={"identity": {"weight": 0.1}})
    with pytest.raises(InputError, match=r"train: losses\.identity teaches the trunk and the"):
        params.load(source)
    source.write_text(
        source.read_text().replace("ranking_start: discriminant", "ranking_start: kept")
    )
    assert params.load(source).train.losses.identity.weight == 0.1


def test_the_joint_network_must_not_have_seen_who_validates(tmp_path: Path) -> None:
    source = changed(tmp_path, "train", joint={"targets": ["viper"], "splits": [0]})
    assert params.load(source).train.joint.targets == ("viper",)
    source.write_text(source.read_text().replace("test: 80, validation: 40", "test: 80, folds: 3"))
    with pytest.raises(InputError, match="viper: the joint network has seen the persons of its"):
        params.load(source)


class Renamed(Section):
    renamed: ClassVar[Mapping[str, str]] = {"old": "new", "margin": "losses.triplet.margin"}
    new: int = 0


def test_an_old_key_names_the_new_one() -> None:
    with pytest.raises(InputError, match=r"^here: 'old' is now 'new'; rename it$"):
        params.build(Renamed, {"old": 1}, "here")
    with pytest.raises(InputError, match=r"'margin' is now 'losses\.triplet\.margin'"):
        params.build(Renamed, {"margin": 1}, "here")


def test_settings_are_checked_where_they_are_made_and_stay_as_they_are() -> None:
    with pytest.raises(ValueError, match="momentum"):
        params.Training(steps=1, momentum=1.0)
    with pytest.raises(ValueError, match="frozen"):
        params.Training(steps=1).steps = 2
