import json
import runpy
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, get_args

import pytest
from dvc.utils.hydra import apply_overrides
from ruamel.yaml import YAML

from mtdnet import params
from mtdnet.errors import InputError
from mtdnet.networks.trunks import TRUNKS
from mtdnet.params.base import Section

ROOT = Path(__file__).parents[1]
OWN = ["params.yaml", *(f"configs/{file.name}" for file in sorted(ROOT.glob("configs/*.yaml")))]


@pytest.mark.parametrize("name", OWN)
def test_the_projects_own_files_are_read(name: str) -> None:
    found = params.load(ROOT / name)
    variants = {variant for _, variant in found.train.networks()}
    listed = set(params.VARIANTS) - {params.JOINT} - ({"rnk"} if name == "params.yaml" else set())
    assert variants == (listed if found.train.targets else set())


def changed(tmp_path: Path, section: str, **values: object) -> Path:
    content = YAML(typ="safe").load(ROOT / "params.yaml")
    content[section].update(values)
    target = tmp_path / "params.yaml"
    YAML(typ="safe").dump(content, target)
    return target


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


@pytest.mark.parametrize(
    ("text", "number"), [("1e-05", 1e-5), ("1e-3", 1e-3), ("1E+1", 10.0), ("010", 10), ("1", 1)]
)
def test_numbers_as_people_and_dvc_write_them(tmp_path: Path, text: str, number: float) -> None:
    source = changed(tmp_path, "train", learning_rates={"viper": "NUMBER"}, steps="STEPS")
    source.write_text(source.read_text().replace("NUMBER", text).replace("STEPS", "010"))
    found = params.load(source).train
    assert found.learning_rates["viper"] == number and isinstance(
        found.learning_rates["viper"], float
    )
    assert (
        found.on("viper", "mtdnet").learning_rate == number
        and found.on("ilids", "mtdnet").learning_rate == found.learning_rate
    )
    assert found.steps == 10


def test_hard_negatives_need_blocks(tmp_path: Path) -> None:
    source = changed(tmp_path, "train", hard_negatives={"share": 0.5})
    assert params.load(source).train.hard_negatives.share == 0.5
    source.write_text(source.read_text().replace("draw: block", "draw: camera"))
    with pytest.raises(InputError, match=r"train\.hard_negatives: they stand in blocks"):
        params.load(source)


def test_the_joint_network_must_not_have_seen_who_validates(tmp_path: Path) -> None:
    source = changed(tmp_path, "train", joint={"targets": ["viper"], "splits": [0]})
    assert params.load(source).train.joint.targets == ("viper",)
    source.write_text(source.read_text().replace("test: 50, validation: 12", "test: 50, folds: 3"))
    with pytest.raises(InputError, match="viper: the joint network has seen the persons of its"):
        params.load(source)


def test_a_variant_learns_at_its_own_rate(tmp_path: Path) -> None:
    own = {"rnk": {"learning_rate": 0.03, "dropout": 0.0}, "cls": {"dropout": 0.25}}
    source = changed(tmp_path, "train", own=own, learning_rates={"viper": 0.5}, learning_rate=0.1)
    found = params.load(source).train
    rates = [
        (found.on(target, variant).learning_rate, found.on(target, variant).dropout)
        for target in ("viper", "ilids")
        for variant in ("rnk", "cls", "aug")
    ]
    assert rates == [(0.03, 0.0), (0.5, 0.25), (0.5, 0.8), (0.03, 0.0), (0.1, 0.25), (0.1, 0.8)]
    with pytest.raises(InputError, match="no 'rank'; known: aug, cls"):
        params.load(changed(tmp_path, "train", own={"rank": {"dropout": 0.0}}))


def test_null_is_nothing(tmp_path: Path) -> None:
    assert params.load(changed(tmp_path, "pretrain", weights=None)).pretrain.weights is None


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


def test_the_trunks_are_those_that_there_are() -> None:
    assert set(get_args(params.Params.model_fields["trunk"].annotation)) == set(TRUNKS)
    content = YAML(typ="safe").load(ROOT / "params.yaml") | {"trunk": "vgg"}
    with pytest.raises(InputError, match="trunk: expected 'caffenet' or 'resnet50', found 'vgg'"):
        params.build(params.Params, content, "params.yaml")


def test_the_editors_schema_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module("mtdnet.params", run_name="__main__")
    written = (ROOT / "params.schema.json").read_text()
    assert capsys.readouterr().out == written, "python -m mtdnet.params > params.schema.json"
    assert json.loads(written)["$defs"]["Train"]["properties"]["variants"]


@pytest.mark.parametrize("name", OWN)
def test_dvc_changes_one_line_for_one_parameter(name: str, tmp_path: Path) -> None:
    before = (ROOT / name).read_text()
    assert before.startswith("# yaml-language-server: $schema=params.schema.json\n")
    source = tmp_path / "params.yaml"
    source.write_text(before)
    apply_overrides(source, ["train.learning_rate=0.00001"])  # what `dvc exp run -S` does
    changes = [
        pair
        for pair in zip(before.splitlines(), source.read_text().splitlines(), strict=True)
        if pair[0] != pair[1]
    ]
    assert [after for _, after in changes] == ["  learning_rate: 1e-05"]
    assert params.load(source).train.learning_rate == 1e-5


LIGHT = """
import sys
from mtdnet.__main__ import run
from mtdnet.errors import InputError
try:
    run(["same", sys.argv[1], sys.argv[1], "--model", "none.safetensors"])
except InputError as problem:
    print(problem)
print("torch" in sys.modules, "pydantic" in sys.modules)
"""


def test_same_with_a_model_waits_for_no_parameters(tmp_path: Path) -> None:
    image = tmp_path / "a.png"
    image.touch()
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, str(image)], capture_output=True, text=True, check=True
    )
    assert "none.safetensors" in done.stdout and done.stdout.endswith("True False\n")
