"""Initial weights of the trunk from a local ImageNet file."""

import zipfile
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from torch import Tensor

from mtdnet.errors import InputError
from mtdnet.networks.trunk import Trunk

NAMES = ("conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias")


def initialise(trunk: Trunk, source: Path) -> None:
    """Copy conv1 and conv2 of CaffeNet or AlexNet from ``source`` into ``trunk`` (width 1.0).

    ``source``: ``.npz`` with conv1_w (96, 3, 11, 11), conv1_b, conv2_w (256, 48, 5, 5), conv2_b;
    ``.onnx`` of the model zoo's AlexNet or CaffeNet; ``.pth`` (tensors only). Raises InputError
    when the file is missing, unreadable or of other shapes, as torchvision's AlexNet is.
    """
    readers = {".npz": _npz, ".onnx": _onnx, ".pth": _pth}
    if source.suffix not in readers:
        raise InputError(f"{source}: unknown kind of weights; known: {', '.join(readers)}")
    if not source.is_file():
        raise InputError(f"{source}: no such weights file; see weights/README.md")
    found = dict(zip(NAMES, readers[source.suffix](source), strict=True))
    for name, own in trunk.state_dict().items():
        if found[name].shape != own.shape:
            raise InputError(
                f"{source}: {name} is {tuple(found[name].shape)}, the trunk's is "
                f"{tuple(own.shape)}; it needs CaffeNet's shapes (not torchvision's) and width 1.0"
            )
    trunk.load_state_dict({name: value.float() for name, value in found.items()})


def _npz(source: Path) -> list[Tensor]:
    keys = ("conv1_w", "conv1_b", "conv2_w", "conv2_b")
    try:
        with np.load(source) as file:
            return [torch.from_numpy(file[key]) for key in keys]
    except (
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        EOFError,
        OSError,
        zipfile.BadZipFile,
    ) as problem:
        raise InputError(f"{source}: not the arrays {', '.join(keys)} ({problem})") from None


def _onnx(source: Path) -> list[Tensor]:
    try:
        import onnx  # an extra: only who brings such a file needs it
    except ImportError:
        raise InputError(f"{source}: install the package 'onnx' to read it") from None
    try:
        graph = onnx.load(source).graph
    except Exception as problem:  # protobuf's errors have no public base
        raise InputError(f"{source}: not an ONNX model ({problem})") from None
    arrays = {tensor.name: tensor for tensor in graph.initializer}
    layers = [node.input[1:3] for node in graph.node if node.op_type == "Conv"][:2]
    names = [name for layer in layers for name in layer]
    if len(names) != len(NAMES) or any(name not in arrays for name in names):
        raise InputError(f"{source}: no two convolutions with stored weights and biases")
    return [torch.from_numpy(onnx.numpy_helper.to_array(arrays[name]).copy()) for name in names]


def _pth(source: Path) -> list[Tensor]:
    try:
        weights = torch.load(source, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, KeyError, IndexError) as problem:
        line = " ".join(str(problem).split())[:100]
        raise InputError(f"{source}: not a file of tensors alone ({line})") from None
    if not isinstance(weights, dict):
        raise InputError(f"{source}: one tensor, not a network's weights")
    # torchvision's names; the first two convolutions of its AlexNet are layers 0 and 3
    keys = ("features.0.weight", "features.0.bias", "features.3.weight", "features.3.bias")
    missing = [key for key in keys if key not in weights]
    if missing:
        raise InputError(f"{source}: no {missing[0]} in it; expected AlexNet's names")
    return [weights[key] for key in keys]
