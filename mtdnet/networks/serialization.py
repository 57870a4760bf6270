"""Networks as safetensors files: loading one runs nobody's code."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from mtdnet.files import whole
from mtdnet.networks import header
from mtdnet.networks.alexnet import AlexNet
from mtdnet.networks.base import Network
from mtdnet.networks.mtdnet import MTDnet

KINDS: dict[str, type[MTDnet] | type[AlexNet]] = {"MTDnet": MTDnet, "AlexNet": AlexNet}


@dataclass(frozen=True)
class StoredNetwork:
    """A network from a file, and the ``temperature`` of its pair head's probabilities.

    ``temperature`` is None for a network without a pair head, or one not yet calibrated.
    """

    network: Network
    temperature: float | None


def save(
    network: Network, target: Path, temperature: float | None = None, *, half: bool = False
) -> None:
    """Write the weights, and in the header what ``load`` needs, whole or not at all.

    As float32, or ``half`` as float16: half the size, and the network that is read differs a little
    from the one that was written. With a checksum of all of it.
    """
    kind = torch.float16 if half else torch.float32
    weights = {k: _plain(v, kind) for k, v in network.state_dict().items()}
    facts = {
        "kind": type(network).__name__,
        "width": network.width,
        "trunk_width": network.trunk_width,
        "temperature": temperature,
    }
    if network.trunk.name != header.TRUNK:  # so that equal networks stay equal files
        facts["trunk"] = network.trunk.name
    facts["sha256"] = digest(facts, weights)
    with whole(target) as draft:
        save_file(weights, draft, metadata={header.KEY: json.dumps(facts)})


def _plain(value: Tensor, kind: torch.dtype = torch.float32) -> Tensor:
    own = value.detach().cpu().contiguous()
    return own.to(kind) if own.is_floating_point() else own


def digest(content: object, tensors: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of what JSON can hold and of tensors on the processor, by name."""
    made = hashlib.sha256(json.dumps(content, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        made.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        made.update(np.ascontiguousarray(tensor.numpy()).data)
    return made.hexdigest()


def load(source: Path) -> StoredNetwork:
    """Return the network of a file that ``save`` wrote: float32, for evaluation, on the processor.

    Raises InputError when the file is missing, broken, another network's, or not as it was written:
    its checksum, where it has one, is compared.
    """
    facts = header.read(source)
    try:
        stored = load_file(source)
        if facts.sha256 is not None and facts.sha256 != digest(facts.content, stored):
            raise ValueError("changed since it was written")
        weights = {name: _plain(weight) for name, weight in stored.items()}
        for name, weight in weights.items():
            if not torch.isfinite(weight).all():
                raise ValueError(f"{name} is not finite")
        if facts.kind not in KINDS:
            raise ValueError(f"kind: no '{facts.kind}'")
        with torch.device("meta"):
            network = KINDS[facts.kind](facts.width, facts.trunk_width, facts.trunk)
            if "pair.distance.weight" in weights and network.pair is not None:
                network.pair.take_distance(network.feature_size)
        network.load_state_dict(weights, assign=True)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as problem:
        raise header.foreign(source, problem) from None
    return StoredNetwork(network.eval(), facts.temperature)
