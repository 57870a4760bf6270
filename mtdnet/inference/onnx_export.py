"""A network's parts as ONNX files, for programs without torch."""

import logging
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mtdnet.errors import InputError
from mtdnet.files import sha256, whole, write_json
from mtdnet.networks import serialization
from mtdnet.networks.base import Network

OPSET = 18
FACTS = "export.json"

Work = Callable[..., tuple[Tensor, ...]]
Parts = dict[str, tuple[list[str], list[str]]]  # inputs and outputs of a file
TRUNK: Parts = {"trunk": (["images"], ["maps"])}
RANKING: Parts = {"ranking": (["maps"], ["features"])}
PAIR: Parts = {"halves": (["maps"], ["left", "right"]), "tail": (["joint"], ["same"])}


class _Whole(nn.Module):
    """A function of a network as a module, which is what is exported."""

    def __init__(self, network: Network, work: Work) -> None:
        super().__init__()
        self.network, self.work = network, work

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        return self.work(*given)


def export(source: Path, target: Path) -> list[str]:
    """Write a network's parts to the folder ``target``, whole or not at all; return their names.

    ``trunk.onnx``: images, uint8 (N, H, W, 3) RGB of the network's size -> maps; ``ranking.onnx``:
    maps -> features (N, F), unit; ``halves.onnx``: maps -> left, right; ``tail.onnx``: a sum of one
    image's left and another's right half -> same (P,), the probability of one pass in [0, 1], not
    calibrated. All float32, with any number of images or pairs, for opset ``OPSET``.
    ``export.json``: size, what eight passes are averaged in (``mean``: "log odds" or "probability",
    ``mtdnet.scoring.scorer``), temperature of that mean and the network's SHA-256. A
    network without a pair head has neither halves nor tail. Raises InputError when the file is
    none, or ONNX is not installed.
    """
    try:
        import onnx
        import onnx.utils
        import onnxscript  # noqa: F401 - what torch exports by
    except ImportError:
        raise InputError("install mtdnet[onnx] to export") from None
    model = serialization.load(source)
    network, trunk = model.network, model.network.trunk
    with torch.no_grad():
        images = torch.zeros(2, *trunk.size, 3, dtype=torch.uint8)
        heads, files = {"maps": _maps(network, images)[0]}, RANKING
        if network.pair is not None:
            heads["joint"] = network.left(heads["maps"]) + network.right(heads["maps"])
            files = RANKING | PAIR
    wholes: list[tuple[Work, dict[str, Tensor], Parts]] = [
        (partial(_maps, network), {"images": images}, TRUNK),
        (partial(_heads, network), heads, files),
    ]
    names = []
    with whole(target) as draft:
        draft.mkdir()
        for work, given, parts in wholes:  # an export takes seconds, however much it is of
            outputs = [name for part in parts.values() for name in part[1]]
            parted = onnx.utils.Extractor(_exported(_Whole(network, work), given, outputs))
            for name, part in parts.items():
                names.append(f"{name}.onnx")
                onnx.save(parted.extract_model(*part), draft / names[-1])
        mean = "log odds" if network.takes_distance else "probability"
        facts = {"size": trunk.size, "mean": mean, "temperature": model.temperature, "opset": OPSET}
        write_json(draft / FACTS, facts | {"network": sha256(source)})
    return names


def _maps(network: Network, images: Tensor) -> tuple[Tensor]:
    return (network.trunk(network.trunk.prepare(images)),)


def _heads(network: Network, maps: Tensor, joint: Tensor | None = None) -> tuple[Tensor, ...]:
    ranking = (network.features(maps),)
    if joint is None or network.pair is None:
        return ranking
    same = network.pair.tail(joint).softmax(1)[:, 1]
    return *ranking, network.left(maps), network.right(maps), same


def _exported(work: _Whole, given: dict[str, Tensor], outputs: list[str]) -> Any:
    """Return onnx's model of a function of any number of images, and any number of pairs."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the exporter's own making
            program = torch.onnx.export(
                work.eval(),
                tuple(given.values()),
                input_names=list(given),
                output_names=outputs,
                opset_version=OPSET,
                dynamic_shapes=(tuple({0: torch.export.Dim(f"N_{name}")} for name in given),),
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    finally:
        log.setLevel(level)
    assert program is not None
    return program.model_proto
