import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from mtdnet.errors import InputError
from mtdnet.networks.alexnet import AlexNet
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


FURTHER = ["conv3", "conv4", "conv5", "fc6", "fc7"]


@pytest.fixture
def network() -> AlexNet:
    """Return a narrow network that passes for a whole one."""
    own = AlexNet(1 / 16)
    own.width = 1.0
    return own


@torch.no_grad()
@pytest.mark.parametrize("kind", ["npz", "onnx"])
def test_a_whole_file_fills_alexnet(kind: str, tmp_path: Path, network: AlexNet) -> None:
    layers, source = ["conv1", "conv2", *FURTHER], tmp_path / f"w.{kind}"
    shapes = {name.removeprefix("trunk."): p.shape for name, p in network.named_parameters()}
    draw, arrays = np.random.default_rng(0), {}
    for layer in layers:
        arrays[f"{layer}_w"] = draw.normal(size=shapes[f"{layer}.weight"]).astype(np.float32)
        arrays[f"{layer}_b"] = draw.normal(size=shapes[f"{layer}.bias"]).astype(np.float32)
    if kind == "npz":
        np.savez(source, allow_pickle=False, **arrays)
    else:
        # one of the two ways that ONNX has for a matrix
        arrays["fc7_w"] = np.ascontiguousarray(arrays["fc7_w"].T)
        nodes = [
            helper.make_node(
                "Gemm" if layer.startswith("fc") else "Conv",
                [f"in_{layer}", f"{layer}_w", f"{layer}_b"],
                [f"out_{layer}"],
            )
            for layer in layers
        ]
        nodes[layers.index("fc6")].attribute.append(helper.make_attribute("transB", 1))
        stored = [onnx.numpy_helper.from_array(value, key) for key, value in arrays.items()]
        graph = helper.make_graph(nodes, "alexnet", [], [], stored)
        onnx.save(helper.make_model(graph), source)
        arrays["fc7_w"] = arrays["fc7_w"].T
    assert network.fill(initialise(network.trunk, source), source) == FURTHER
    maps = torch.rand(1, network.conv5.out_channels, 6, 6)
    expected = torch.from_numpy(arrays["fc6_w"]) @ maps.flatten()  # channels first: Caffe's order
    found = network.fc6(maps.permute(0, 2, 3, 1).flatten(1))[0] - network.fc6.bias
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    for layer in ("conv3", "conv4", "conv5", "fc7"):
        own = getattr(network, layer)
        np.testing.assert_array_equal(own.weight.numpy(), arrays[f"{layer}_w"])
        np.testing.assert_array_equal(own.bias.numpy(), arrays[f"{layer}_b"])


def test_a_part_of_a_network_or_a_narrow_one_fills_nothing(
    tmp_path: Path, network: AlexNet
) -> None:
    tensors = dict(network.state_dict())
    lacking = {name: value for name, value in tensors.items() if name != "fc7.bias"}
    assert network.fill(lacking, tmp_path / "w.npz") == []
    network.width = 0.5
    assert network.fill(tensors, tmp_path / "w.npz") == []


def test_another_shape_of_a_later_layer_is_named(tmp_path: Path, network: AlexNet) -> None:
    tensors = {name: torch.zeros(2) for name in network.state_dict()}
    with pytest.raises(InputError, match=r"w\.npz: conv3\.weight is \(2,\), the network's is"):
        network.fill(tensors, tmp_path / "w.npz")


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
