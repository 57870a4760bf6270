"""What others may have written is read without unpickling: not even a harmless pickle is."""

import io
import pickle
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from mlflow import pyfunc
from PIL import Image

from mtdnet import device, variants
from mtdnet.errors import InputError
from mtdnet.inference.verifier import Verifier
from mtdnet.networks import serialization
from mtdnet.networks.caffenet import CaffeNet
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.networks.pretrained import initialise
from mtdnet.params import Training
from mtdnet.training.checkpoint import Checkpoints
from mtdnet.training.parallel import Distributed
from mtdnet.training.state import State
from mtdnet.training.trainer import Trainer
from tasks import download_model, register, served_model

Trained = Callable[[str, float, int], Path]


class UnpickledError(AssertionError):
    """Something was unpickled."""


class Code:
    """Runs when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("ran"),)


@pytest.fixture
def no_pickle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let every way to unpickle fail; be in an empty folder."""

    def fail(*_: object, **__: object) -> None:
        raise UnpickledError

    class Unpickler:  # a class: libraries derive their own from it
        def __init__(self, *_: object, **__: object) -> None:
            raise UnpickledError

    for name in ("Unpickler", "_Unpickler"):
        monkeypatch.setattr(pickle, name, Unpickler)
    for place, name in ((pickle, "load"), (pickle, "loads"), (torch, "load")):
        monkeypatch.setattr(place, name, fail)
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    monkeypatch.chdir(tmp_path)


def images(folder: Path) -> list[Path]:
    files = [folder / f"{name}.png" for name in "ab"]
    for number, file in enumerate(files):
        Image.new("RGB", (40, 96), (90 * number, 60, 200)).save(file)
    return files


@pytest.mark.usefixtures("no_pickle")
def test_a_network_and_a_checkpoint_are_read(tmp_path: Path) -> None:
    network, files = MTDnet(1 / 32), images(tmp_path)
    serialization.save(network, tmp_path / "network.safetensors", 1.5)
    answer = Verifier(tmp_path / "network.safetensors").probability(files[:1], files[1:])
    assert 0 <= answer[0] <= 1
    settings = Training(steps=9, triplets=3)
    trainer = Trainer(variants.load("mtdnet"), network, settings, device.choose(), Distributed())
    Checkpoints(tmp_path / "kept").save(State("mark", 9), trainer, new_best=False)
    assert Checkpoints(tmp_path / "kept").restore("mark", trainer) == State("mark", 9)


@pytest.mark.usefixtures("no_pickle")
def test_arrays_with_objects_are_refused(tmp_path: Path) -> None:
    arrays = {"conv1_w": (96, 3, 11, 11), "conv1_b": (96,), "conv2_w": (256, 48, 5, 5)}
    good: dict[str, Any] = {name: np.zeros(shape, np.float32) for name, shape in arrays.items()}
    good["conv2_b"] = np.zeros(256, np.float32)
    np.savez(tmp_path / "good.npz", **good)
    initialise(CaffeNet(1.0), tmp_path / "good.npz")
    np.savez(tmp_path / "code.npz", **good | {"conv1_w": np.array([Code()], object)})
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(Code()))
    for name in ("code", "pickle"):
        with pytest.raises(InputError, match=rf"{name}\.npz: not the arrays"):
            initialise(CaffeNet(1.0), tmp_path / f"{name}.npz")
    assert not Path("ran").exists()


@pytest.mark.usefixtures("own_store", "no_pickle")
def test_a_registered_model_is_loaded_and_served(trained: Trained, tmp_path: Path) -> None:
    model, files = trained("viper-0/mtdnet", 0.5, 1), images(tmp_path)
    register.register_one(model, ("viper", 0, "mtdnet"))
    room = tmp_path / "room"
    room.mkdir()
    file = download_model.network("models:/mtdnet-viper@champion", room)
    assert file.read_bytes() == (model / "network.safetensors").read_bytes()
    pyfunc.save_model(tmp_path / "served", **served_model.parts(model))
    texts = [b64encode(file.read_bytes()).decode() for file in files]
    frame = pd.DataFrame({"left": texts[:1], "right": texts[1:]})
    found = pyfunc.load_model(str(tmp_path / "served")).predict(frame)
    assert 0 <= found["probability"][0] <= 1
    assert not list(tmp_path.rglob("*.pkl"))


def test_code_in_a_pth_never_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``.pth`` is a pickle: PyTorch's own reader for tensors alone reads it."""
    monkeypatch.chdir(tmp_path)
    made = io.BytesIO()
    torch.save({"features.0.weight": Code()}, made)
    for name, content in (("zip", made.getvalue()), ("plain", pickle.dumps(Code()))):
        (tmp_path / f"{name}.pth").write_bytes(content)
        with pytest.raises(InputError, match=rf"{name}\.pth: not a file of tensors alone"):
            initialise(CaffeNet(1.0), tmp_path / f"{name}.pth")
    assert not Path("ran").exists()
