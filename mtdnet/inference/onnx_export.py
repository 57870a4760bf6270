"""A network's parts as ONNX files, for programs without torch."""

import logging
import warnings
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from mtdnet.errors import InputError
from mtdnet.files import sha256, whole, write_json
from mtdnet.networks import serialization
from mtdnet.networks.base import Network

OPSET = 18
FACTS = "export.json"

Work = Callable[[Tensor], object]


class _Part(nn.Module):
    """A function of a network as a module, which is what is exported."""

    def __init__(self, network: Network, work: Work) -> None:
        super().__init__()
        self.network, self.work = network, work

    def forward(self, given: Tensor) -> object:
        return self.work(given)


def export(source: Path, target: Path) -> list[str]:
    """Write a network's parts to the folder ``target``, whole or not at all; return their names.

    ``trunk.onnx``: images, uint8 (N, H, W, 3) RGB of the network's size -> maps; ``ranking.onnx``:
    maps -> features (N, F), unit; ``halves.onnx``: maps -> left, right; ``tail.onnx``: a sum of one
    image's left and another's right half -> same (P,), the probability of one pass in [0, 1], not
    calibrated. All float32, with any number of images or pairs, for opset ``OPSET``.
    ``export.json``: size, temperature (of the mean of eight passes) and the network's SHA-256. A
    network without a pair head has neither halves nor tail. Raises InputError when the file is
    none, or ONNX is not installed.
    """
    try:
        import onnxscript  # noqa: F401 - what torch exports by
    except ImportError:
        raise InputError("install mtdnet[onnx] to export") from None
    model = serialization.load(source)
    network, trunk = model.network, model.network.trunk
    with torch.no_grad():
        images = torch.zeros(2, *trunk.size, 3, dtype=torch.uint8)
        maps = trunk(trunk.prepare(images))
        parts: list[tuple[str, Work, Tensor, list[str], list[str]]] = [
            ("trunk", lambda x: trunk(trunk.prepare(x)), images, ["images"], ["maps"]),
            ("ranking", network.features, maps, ["maps"], ["features"]),
        ]
        if network.pair is not None:
            left, right, tail = network.left, network.right, network.pair.tail
            joint = left(maps) + right(maps)
            parts += [
                ("halves", lambda x: (left(x), right(x)), maps, ["maps"], ["left", "right"]),
                ("tail", lambda x: tail(x).softmax(1)[:, 1], joint, ["joint"], ["same"]),
            ]
    with whole(target) as draft, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter's own making
        draft.mkdir()
        for name, work, given, inputs, outputs in parts:
            _write(_Part(network, work), given, draft / f"{name}.onnx", inputs, outputs)
        facts = {"size": trunk.size, "temperature": model.temperature, "opset": OPSET}
        write_json(draft / FACTS, facts | {"network": sha256(source)})
    return [f"{part[0]}.onnx" for part in parts]


def _write(part: _Part, given: Tensor, file: Path, inputs: list[str], outputs: list[str]) -> None:
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        torch.onnx.export(
            part.eval(),
            (given,),
            file,
            input_names=inputs,
            output_names=outputs,
            opset_version=OPSET,
            dynamic_shapes=({0: torch.export.Dim("N")},),
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    finally:
        log.setLevel(level)
