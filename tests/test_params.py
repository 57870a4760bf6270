from pathlib import Path

import pytest
import yaml

from mtdnet import params
from mtdnet.errors import InputError

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["params.yaml", "configs/paper.yaml"])
def test_the_projects_own_files_are_read(name: str) -> None:
    found = params.load(ROOT / name)
    assert {variant for _, variant in found.train.networks()} == set(params.VARIANTS)
    assert set(found.train.targets) <= set(found.ingest.layouts)


def changed(tmp_path: Path, section: str, **values: object) -> Path:
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    content[section].update(values)
    target = tmp_path / "params.yaml"
    target.write_text(yaml.safe_dump(content))
    return target


@pytest.mark.parametrize(
    ("section", "values", "words"),
    [
        ("train", {"speed": 1}, "train: unknown key 'speed'; known: .*steps"),
        ("train", {"steps": "many"}, "train: steps: expected int, found 'many'"),
        ("train", {"steps": True}, "train: steps: expected int, found True"),
        ("train", {"steps": 0}, "train: steps must be at least 1, found 0"),
        ("train", {"learning_rate": -1}, "train: learning_rate must be above 0"),
        (
            "train",
            {"learning_rates": {"viper": "low"}},
            r"train: learning_rates\.viper: expected float",
        ),
        ("train", {"targets": ["viper", 3]}, r"train: targets\[1\]: expected str, found 3"),
        ("augment", {"draw": "all"}, "augment: draw: expected 'block' or 'camera', found 'all'"),
        ("augment", {"splits": {"viper": {"nane": "x"}}}, r"splits\.viper: unknown key 'nane'"),
        ("augment", {"splits": {"vipr": {}}}, r"augment\.splits: no benchmark 'vipr'; known: "),
        ("train", {"variants": ["none"]}, "train: variants: no 'none'; known: aug, cls"),
        (
            "train",
            {"learning_rates": {"virep": 0.1}},
            r"train\.learning_rates: no benchmark 'virep'",
        ),
        (
            "train",
            {"learning_rates": {"viper": -1}},
            r"train: learning_rates\.viper must be above 0",
        ),
        ("train", {"variants": ["rnk", "rnk"]}, "train: variants: a name stands twice"),
        ("train", {"splits": [-1]}, "train: splits: numbers from 0, found -1"),
        ("pretrain", {"splits": [1]}, "pretrain: splits: 0 is missing"),
        ("train", {"compared": {"targets": ["x"]}}, "compared.targets: 'x' is not among targets"),
        (
            "train",
            {"compared": {"targets": ["viper"], "variants": ["mtdnet"]}},
            "compared: 'mtdnet' on 'viper' is among targets and variants too",
        ),
        ("train", {"rate": 0.1}, "train: 'rate' is now 'learning_rate'"),
        ("train", {"rates": {}}, "train: 'rates' is now 'learning_rates'"),
        ("pretrain", {"decay": 0.1}, "pretrain: 'decay' is now 'weight_decay'"),
        ("pretrain", {"margin": 1.0}, r"'margin' is now 'losses\.triplet\.margin'"),
        ("train", {"losses": {"pair": {"margin": 1}}}, r"losses: pair: unknown key 'margin'"),
        ("train", {"losses": {"triplet": {"margin": 0}}}, "losses: triplet: margin must be above"),
        ("train", {"losses": {"triplet": {"weight": -1}}}, "triplet: weight must not be negative"),
        ("train", {"losses": {"pair": {"smoothing": 1.0}}}, r"smoothing must be in \[0, 1\)"),
        ("train", {"optimiser": "adam"}, "optimiser: expected 'sgd' or 'adamw', found 'adam'"),
        ("train", {"schedule": {"warm_up": 1}}, r"schedule: warm_up must be in \[0, 1\)"),
        ("train", {"averaging": 1.0}, r"averaging must be in \[0, 1\)"),
        ("train", {"augmentation": {"erasing": 2}}, r"erasing must be in \[0, 1\]"),
        ("train", {"augmentation": {"shift": 100}}, r"shift must be in \[0, 64\]"),
        ("pretrain", {"joint_start": "x"}, "joint_start: expected 'drawn' or 'difference'"),
        ("evaluate", {"false_alarms": [1.0]}, r"false_alarms must be in \(0, 1\)"),
        ("evaluate", {"ranks": [0]}, "evaluate: ranks: at least 1"),
        ("evaluate", {"pictures": 0}, "evaluate: pictures must be at least 1"),
        ("pretrain", {"compile": 1}, "pretrain: compile: expected bool, found 1"),
        ("pretrain", {"width": 2}, r"pretrain: width must be in \(0, 1\]"),
    ],
)
def test_one_line_names_the_key(
    tmp_path: Path, section: str, values: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        params.load(changed(tmp_path, section, **values))
    assert "\n" not in str(caught.value) and "params.yaml" in str(caught.value)


def test_one_line_for_a_missing_section_key_or_file(tmp_path: Path) -> None:
    source = tmp_path / "params.yaml"
    with pytest.raises(InputError, match="no such file"):
        params.load(source)
    source.write_text("ingest: [")
    with pytest.raises(InputError, match="not YAML"):
        params.load(source)
    source.write_text("seed: 2024-13-45")
    with pytest.raises(InputError, match="not YAML"):
        params.load(source)
    with pytest.raises(InputError, match="can't be read"):
        params.load(tmp_path)
    source.write_text("ingest: {layouts: {}}\n")
    with pytest.raises(InputError, match="key 'augment' is missing"):
        params.load(source)


def test_integers_serve_as_numbers_and_null_as_nothing(tmp_path: Path) -> None:
    found = params.load(changed(tmp_path, "pretrain", learning_rate=1, weights=None))
    assert found.pretrain.learning_rate == 1.0 and isinstance(found.pretrain.learning_rate, float)
    assert found.pretrain.weights is None
