"""Initial weights of a trunk from a local ImageNet file."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from mtdnet.errors import InputError, reason

if TYPE_CHECKING:
    from mtdnet.networks.base import Trunk

# of a whole CaffeNet or AlexNet, in order; a file may end after the second
LAYERS = ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7")


def initialise(trunk: "Trunk", source: Path) -> dict[str, Tensor]:
    """Copy a trunk's weights from ``source``; return all that it holds.

    Buffers that the file lacks stay as they are. ``.npz`` with CaffeNet's conv1_w (96, 3, 11, 11),
    conv1_b, conv2_w (256, 48, 5, 5), conv2_b, and maybe those of conv3 to fc7; ``.onnx`` of the
    model zoo's AlexNet or CaffeNet; ``.pth`` (tensors only) or ``.safetensors`` by torchvision's
    names. Raises InputError when the file is missing, unreadable or of other shapes.
    """
    if source.suffix not in trunk.readers:
        known = ", ".join(trunk.readers)
        raise InputError(f"{source}: unknown kind of weights for {trunk.name}; known: {known}")
    if not source.is_file():
        raise InputError(f"{source}: no such weights file; see weights/README.md")
    tensors, own = trunk.readers[source.suffix](source), trunk.state_dict()
    for name, _ in trunk.named_parameters():
        if name not in tensors:
            raise InputError(f"{source}: no {name} in it; it needs {trunk.name}'s weights")
    copy(own, tensors, [name for name in own if name in tensors], source)
    trunk.load_state_dict(own)
    return tensors


def copy(
    own: dict[str, Tensor], tensors: Mapping[str, Tensor], names: Iterable[str], source: Path
) -> None:
    """Put tensors by name in the place of a network's own; InputError when one doesn't fit."""
    for name in names:
        if tensors[name].shape != own[name].shape:
            raise InputError(
                f"{source}: {name} is {tuple(tensors[name].shape)}, the network's is "
                f"{tuple(own[name].shape)}; it needs the shapes of weights/README.md and width 1.0"
            )
        if tensors[name].is_complex() or not torch.isfinite(tensors[name]).all():
            raise InputError(f"{source}: {name} holds what is no finite number")
        own[name] = tensors[name].to(own[name].dtype)


def _npz(source: Path) -> dict[str, Tensor]:
    keys = [f"{layer}_{kind}" for layer in LAYERS for kind in "wb"]
    try:
        with np.load(source) as file:
            count = next((n for n, key in enumerate(keys) if key not in file), len(keys))
            return _named(torch.from_numpy(file[key]) for key in keys[: max(4, count)])
    except Exception as problem:  # of a zip, its streams, an array's header read as Python
        raise InputError(f"{source}: not the arrays {', '.join(keys[:4])} ({problem})") from None


def _onnx(source: Path) -> dict[str, Tensor]:
    try:
        import onnx  # an extra: only who brings such a file needs it
    except ImportError:
        raise InputError(f"{source}: install the package 'onnx' to read it") from None
    try:
        graph = onnx.load(source).graph
    except Exception as problem:  # protobuf's errors have no public base
        raise InputError(f"{source}: not an ONNX model ({problem})") from None
    arrays = {tensor.name: tensor for tensor in graph.initializer}
    nodes = [node for node in graph.node if node.op_type in ("Conv", "Gemm")][: len(LAYERS)]
    stored = [all(name in arrays for name in node.input[1:3]) for node in nodes]
    count = stored.index(False) if False in stored else len(nodes)
    if count < 2 or [node.op_type for node in nodes[:2]] != ["Conv", "Conv"]:
        raise InputError(f"{source}: no two convolutions with stored weights and biases")
    values: list[Tensor] = []
    try:
        for node in nodes[:count]:
            weight, bias = (onnx.numpy_helper.to_array(arrays[name]) for name in node.input[1:3])
            turned = {each.name: each.i for each in node.attribute}.get("transB", 0)
            if node.op_type == "Gemm" and not turned:
                weight = weight.T
            values += [torch.from_numpy(weight.copy()), torch.from_numpy(bias.copy())]
        return _named(values)
    except Exception as problem:  # of whatever kind a broken tensor brings about
        raise InputError(f"{source}: weights that can't be read ({reason(problem)})") from None


def pth(source: Path) -> dict[str, Tensor]:
    """Return the tensors of a state dictionary; nothing else in the file is unpickled."""
    try:
        weights = torch.load(source, map_location="cpu", weights_only=True)
    except Exception as problem:  # a damaged one fails in many ways
        raise InputError(f"{source}: not a file of tensors alone ({reason(problem)})") from None
    if not isinstance(weights, dict):
        raise InputError(f"{source}: one tensor, not a network's weights")
    return {str(name): value for name, value in weights.items() if isinstance(value, Tensor)}


def safetensors(source: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file."""
    try:
        return load_file(source)
    except (SafetensorError, OSError, ValueError) as problem:
        raise InputError(f"{source}: not a safetensors file ({reason(problem)})") from None


def _alexnet(source: Path) -> dict[str, Tensor]:
    weights = pth(source)
    # torchvision's names; the first two convolutions of its AlexNet are layers 0 and 3
    keys = ("features.0.weight", "features.0.bias", "features.3.weight", "features.3.bias")
    missing = [key for key in keys if key not in weights]
    if missing:
        raise InputError(f"{source}: no {missing[0]} in it; expected AlexNet's names")
    return _named(weights[key] for key in keys)


def _named(values: Iterable[Tensor]) -> dict[str, Tensor]:
    """Return weights and biases, in turn, by the names of as many layers."""
    names = [f"{layer}.{kind}" for layer in LAYERS for kind in ("weight", "bias")]
    return dict(zip(names, values, strict=False))


CAFFENET = {".npz": _npz, ".onnx": _onnx, ".pth": _alexnet}
