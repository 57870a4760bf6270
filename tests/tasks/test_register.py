"""Registered networks load anywhere, and the best on validation persons is champion."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from PIL import Image

from mtdnet.files import sha256
from mtdnet.inference.verifier import Verifier
from mtdnet.networks import serialization
from mtdnet.networks.alexnet import AlexNet
from tasks import champion, logged_model, register, store
from tests.tasks.consumer import HEAD, consume

Trained = Callable[[str, float, int], Path]
NETWORK = "viper", 0, "mtdnet"
ADD_ONNX = logged_model.add_onnx  # other tests do without it
# A consumer: no checkout on its path, whatever the way it was installed.
CONSUMER = (
    HEAD
    + """
import mlflow, pandas
model = mlflow.pyfunc.load_model("models:/mtdnet-viper@champion")
import mtdnet
assert not mtdnet.__file__.startswith(sys.argv[1]), mtdnet.__file__
found = model.predict(pandas.DataFrame(json.loads(sys.argv[2])))
print(json.dumps(found["probability"].astype(float).tolist()))
for bad in ({"left": ["a.png"], "right": ["gone.png"]}, {"left": [""], "right": ["a.png"]}):
    try:
        model.predict(pandas.DataFrame(bad))
    except Exception as problem:
        print(problem)
"""
)


def version(client: MlflowClient) -> str:
    return str(client.get_model_version_by_alias("mtdnet-viper", "champion").version)


def test_a_network_is_registered_and_judged_once(own_store: MlflowClient, trained: Trained) -> None:
    first = register.register_one(trained("a", 0.5, 1), NETWORK)
    assert first == "mtdnet-viper: version 1 registered; now champion: no champion before it"
    again = register.register_one(trained("a", 0.5, 1), NETWORK)
    assert again == "mtdnet-viper: version 1 is known; champion"
    other = register.register_one(trained("b", 0.5, 2), ("viper", 0, "cls"))
    assert "version 2 registered; champion stays version 1: no comparison: whom" in other
    place = own_store.get_model_version_download_uri("mtdnet-viper", "2")
    lost = Path(place.removeprefix("file://"), "artifacts", "network.safetensors")
    lost.unlink()
    mended = register.register_one(trained("b", 0.5, 2), NETWORK)
    assert mended == (
        "mtdnet-viper: version 2 was not there; written again; champion stays version 1"
    )
    assert lost.is_file()
    found = own_store.search_model_versions("name = 'mtdnet-viper'")
    assert sorted(int(each.version) for each in found) == [1, 2]
    tags = own_store.get_model_version("mtdnet-viper", "2").tags
    assert (tags["variant"], tags["validation_rank1"]) == ("cls", "0.5")
    assert (tags["verdict"], version(own_store)) == ("undecided", "1")


@pytest.mark.parametrize("last", ["set_registered_model_alias", "set_registered_model_tag"])
def test_a_flow_killed_while_it_named_the_champion_names_it_when_it_starts_again(
    last: str,
    own_store: MlflowClient,
    trained: Trained,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, call = trained("viper-0/mtdnet", 0.5, 1), getattr(MlflowClient, last)

    def killed(self: MlflowClient, name: str, key: str, value: str) -> None:
        if key != champion.CHALLENGER:
            raise KeyboardInterrupt
        call(self, name, key, value)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(MlflowClient, last, killed)
        register.register_one(model, NETWORK)
    assert register.unregistered(tmp_path, [NETWORK]) == [NETWORK]
    list(register.registered(tmp_path, [NETWORK]))
    assert version(own_store) == "1"
    assert "no champion before it" in champion.why("mtdnet-viper")
    assert register.unregistered(tmp_path, [NETWORK]) == []


def test_champion_answers_in_another_folder_without_the_checkout(
    own_store: MlflowClient, trained: Trained, tmp_path: Path
) -> None:
    model = trained("viper-0/mtdnet", 0.5, 1)
    register.register_one(model, NETWORK)
    away = tmp_path / "away"
    away.mkdir()
    noise = np.random.default_rng(1).integers(0, 256, (3, 96, 40, 3), np.uint8)
    for name, pixels in zip("abc", noise, strict=True):
        Image.fromarray(pixels).save(away / f"{name}.png")
    pairs = {"left": ["a.png", "a.png", "b.png"], "right": ["b.png", "c.png", "b.png"]}
    env = {"MLFLOW_TRACKING_URI": store.location(), "MTDNET_SERVE_PATHS": "1"}
    answers = consume(CONSUMER, json.dumps(pairs), folder=away, **env)
    answered, gone, empty = answers.splitlines()
    left, right = ([away / name for name in pairs[side]] for side in ("left", "right"))
    own = Verifier(model / "network.safetensors").probability(left, right)
    np.testing.assert_allclose(json.loads(answered), own, atol=1e-3)
    assert np.ptp(own) > 0
    assert gone.startswith("row 0, right: no image: expected base64 or a data URI")
    assert empty.startswith("row 0, left: not a whole image (empty)")


def test_model_holds_no_pickle_and_pins_what_it_needs(
    own_store: MlflowClient, trained: Trained, tmp_path: Path
) -> None:
    register.register_one(trained("viper-0/mtdnet", 0.5, 1), NETWORK)
    files = [file for file in (tmp_path / ".mlflow" / "artifacts").rglob("*") if file.is_file()]
    text = {".py", ".typed", ".yaml", ".txt", ".csv", ".html", ".json", ".md", ""}
    assert {file.suffix for file in files} <= text | {".safetensors"}
    (required,) = [file for file in files if file.name == "requirements.txt"]
    lines = required.read_text().splitlines()
    assert all("==" in line and "+" not in line for line in lines)
    names = {line.split("==")[0] for line in lines}
    assert names == {"torch", "numpy", "pillow", "safetensors", "mlflow"}


def test_networks_that_answer_are_registered_and_looking_registers_none(
    own_store: MlflowClient, trained: Trained, tmp_path: Path
) -> None:
    model = trained("viper-0/mtdnet", 0.5, 1)
    for _ in range(2):
        assert register.unregistered(tmp_path, [NETWORK]) == [NETWORK]
    assert not own_store.search_registered_models()
    assert len(list(register.registered(tmp_path, [NETWORK]))) == 1
    assert register.unregistered(tmp_path, [NETWORK]) == []
    serialization.save(AlexNet(1 / 32), model / "network.safetensors")
    assert not register.answers(model)
    assert register.unregistered(tmp_path, [NETWORK]) == []


def test_looking_makes_no_store(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "FOLDER", tmp_path / ".mlflow")
    trained("viper-0/mtdnet", 0.5, 1)
    assert register.unregistered(tmp_path, [NETWORK]) == [NETWORK]
    assert not (tmp_path / ".mlflow").exists()


@pytest.mark.slow
def test_a_champions_onnx_form_is_kept_with_it(
    own_store: MlflowClient, trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logged_model, "add_onnx", ADD_ONNX)
    model = trained("viper-0/mtdnet", 0.5, 1)
    assert register.register_one(model, NETWORK).endswith("now champion: no champion before it")
    made = own_store.get_model_version_by_alias("mtdnet-viper", "champion")
    folder = Path(download_artifacts(made.tags["onnx"], tracking_uri=store.location()))
    facts = json.loads((folder / "export.json").read_text())
    assert facts["network"] == sha256(model / "network.safetensors")
    images = np.zeros((2, *facts["size"], 3), np.uint8)
    (maps,) = onnxruntime.InferenceSession(folder / "trunk.onnx").run(None, {"images": images})
    assert maps.shape[0] == 2 and {"ranking.onnx", "halves.onnx", "tail.onnx"} <= {
        file.name for file in folder.iterdir()
    }
    written = [file.stat().st_mtime_ns for file in sorted(folder.iterdir())]
    register.register_one(model, NETWORK)  # known: nothing is exported again
    assert written == [file.stat().st_mtime_ns for file in sorted(folder.iterdir())]

    challenger = register.register_one(trained("viper-0/cls", 0.5, 2), ("viper", 0, "cls"))
    assert "champion stays version 1" in challenger
    assert "onnx" not in own_store.get_model_version("mtdnet-viper", "2").tags
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    said = champion.take("mtdnet-viper", "2")
    assert "version 2 is champion now" in said and "without its ONNX form (install mtdnet" in said
