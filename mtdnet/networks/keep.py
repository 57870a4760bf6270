"""Networks as safetensors files: loading one runs nobody's code."""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from mtdnet.errors import InputError
from mtdnet.files import whole
from mtdnet.networks.mtdnet import MTDnet


def save(network: MTDnet, target: Path) -> None:
    """Write the weights (float32) with the width in the header, whole or not at all."""
    weights = {k: v.detach().float().cpu().contiguous() for k, v in network.state_dict().items()}
    with whole(target) as draft:
        save_file(weights, draft, metadata={"width": repr(network.width)})


def load(source: Path) -> MTDnet:
    """Return the network of a file that ``save`` wrote, in evaluation mode, on the processor.

    Raises InputError when the file is missing, broken or another network's.
    """
    try:
        with safe_open(source, framework="pt") as file:
            width = float((file.metadata() or {})["width"])
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        if not 0 < width <= 1:
            raise ValueError(f"width {width}")
        with torch.device("meta"):
            network = MTDnet(width)
        network.load_state_dict(weights, assign=True)
    except FileNotFoundError:
        raise InputError(f"{source}: no such file; train the network first") from None
    except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as problem:
        line = " ".join(str(problem).split())[:200]
        raise InputError(f"{source}: not an MTDnet network ({line}); train it again") from None
    return network.eval()
