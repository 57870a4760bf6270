import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from dvc.utils.hydra import apply_overrides
from ruamel.yaml import YAML

from mtdnet import params
from mtdnet.errors import InputError
from mtdnet.networks.trunks import TRUNKS
from tests.params.changing import ROOT, changed

OWN = ["params.yaml", *(f"configs/{file.name}" for file in sorted(ROOT.glob("configs/*.yaml")))]


@pytest.mark.parametrize("name", OWN)
def test_the_projects_own_files_are_read(name: str) -> None:
    found = params.load(ROOT / name)
    variants = {variant for _, variant in found.train.networks()}
    listed = set(params.VARIANTS) - {params.JOINT} - ({"rnk"} if name == "params.yaml" else set())
    assert variants == (listed if found.train.targets else set())


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


def test_the_trunks_are_those_that_there_are() -> None:
    assert set(get_args(params.Params.model_fields["trunk"].annotation)) == set(TRUNKS)
    content = YAML(typ="safe").load(ROOT / "params.yaml") | {"trunk": "vgg"}
    with pytest.raises(
        InputError, match="trunk: expected 'caffenet', 'caffenet-tall' or 'resnet50', found 'vgg'"
    ):
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
