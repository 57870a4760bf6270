import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from mtdnet.errors import InputError
from mtdnet.networks.caffenet import CaffeNet
from mtdnet.networks.pretrained import initialise

SHAPES = {
    "conv1_w": (96, 3, 11, 11),
    "conv1_b": (96,),
    "conv2_w": (256, 48, 5, 5),
    "conv2_b": (256,),
}


@pytest.fixture
def arrays() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    return {key: draw.normal(size=shape).astype(np.float32) for key, shape in SHAPES.items()}


def check(trunk: CaffeNet, arrays: dict[str, np.ndarray]) -> None:
    for own, expected in zip(trunk.state_dict().values(), arrays.values(), strict=True):
        np.testing.assert_array_equal(own.numpy(), expected)


def test_reads_npz(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    np.savez(tmp_path / "w.npz", allow_pickle=False, **arrays)
    trunk = CaffeNet(1.0)
    initialise(trunk, tmp_path / "w.npz")
    check(trunk, arrays)


def test_reads_onnx(tmp_path: Path, arrays: dict[str, np.ndarray]) -> None:
    nodes = [
        helper.make_node("Conv", ["data", "conv1_w", "conv1_b"], ["a"]),
        helper.make_node("Conv", ["a", "conv2_w", "conv2_b"], ["b"]),
    ]
    stored = [onnx.numpy_helper.from_array(value, key) for key, value in arrays.items()]
    data = helper.make_tensor_value_info("data", TensorProto.FLOAT, [1, 3, 227, 227])
    made = helper.make_tensor_value_info("b", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "alexnet", [data], [made], stored)
    onnx.save(helper.make_model(graph), tmp_path / "alexnet.onnx")
    trunk = CaffeNet(1.0)
    initialise(trunk, tmp_path / "alexnet.onnx")
    check(trunk, arrays)


def test_says_that_torchvisions_shapes_differ(tmp_path: Path) -> None:
    weights = {
        "features.0.weight": torch.zeros(64, 3, 11, 11),
        "features.0.bias": torch.zeros(64),
        "features.3.weight": torch.zeros(192, 64, 5, 5),
        "features.3.bias": torch.zeros(192),
    }
    torch.save(weights, tmp_path / "alexnet.pth")
    with pytest.raises(InputError, match=r"alexnet.pth: conv1.weight is \(64, 3, 11, 11\).*needs"):
        initialise(CaffeNet(1.0), tmp_path / "alexnet.pth")


def test_names_the_width_when_the_trunk_is_narrow(
    tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    np.savez(tmp_path / "w.npz", allow_pickle=False, **arrays)
    with pytest.raises(InputError, match=r"width 1\.0"):
        initialise(CaffeNet(0.25), tmp_path / "w.npz")


@pytest.mark.parametrize("suffix", [".npz", ".onnx", ".pth"])
@pytest.mark.parametrize("content", ["<html>not found</html>", ""])
def test_one_line_for_a_file_that_is_something_else(
    tmp_path: Path, suffix: str, content: str
) -> None:
    page = tmp_path / f"weights{suffix}"
    page.write_text(content)
    with pytest.raises(InputError, match=page.name) as caught:
        initialise(CaffeNet(1.0), page)
    assert "\n" not in str(caught.value)


def test_one_line_for_a_missing_file_and_an_unknown_kind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such weights file"):
        initialise(CaffeNet(1.0), tmp_path / "weights.npz")
    with pytest.raises(InputError, match=r"known: \.npz, \.onnx, \.pth"):
        initialise(CaffeNet(1.0), tmp_path / "weights.caffemodel")


@torch.no_grad()
def test_reproduces_caffenets_activations() -> None:
    folder = Path(os.environ.get("MTDNET_REAL_DATA", "real-data")) / "caffenet"
    if not folder.is_dir():
        pytest.skip(
            f"{folder}: ImageNet weights are not here (MTDNET_REAL_DATA names their folder)"
        )
    trunk = CaffeNet(1.0)
    initialise(trunk, folder / "conv1_conv2.npz")
    with np.load(folder / "reference_activations.npz") as reference:
        maps = trunk(torch.from_numpy(reference["input_bgr"])[None])[0].numpy()
        difference = np.abs(maps - reference["norm2"]).max()
        assert difference <= 1e-3 * np.abs(reference["norm2"]).max()


@pytest.mark.parametrize("value", [np.nan, np.inf, 1j])
def test_values_that_are_no_weights_are_refused(value: complex, tmp_path: Path) -> None:
    shapes = {"conv1_w": (96, 3, 11, 11), "conv1_b": (96,), "conv2_w": (256, 48, 5, 5)}
    arrays: dict[str, Any] = {k: np.zeros(shape, np.float32) for k, shape in shapes.items()}
    np.savez(tmp_path / "w.npz", **arrays, conv2_b=np.full(256, value))
    with pytest.raises(InputError, match=r"w\.npz: conv2\.bias holds what is no finite number"):
        initialise(CaffeNet(1.0), tmp_path / "w.npz")
