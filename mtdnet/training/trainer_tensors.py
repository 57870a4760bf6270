"""What a trainer continues from, as tensors by name."""

from collections.abc import Mapping

import torch
from torch import Tensor

from mtdnet.training.trainer import Trainer


def tensors_of(trainer: Trainer) -> dict[str, Tensor]:
    """Return weights, the optimiser's whole state, average and triplets dealt, by name."""
    tensors = {f"network.{key}": value for key, value in trainer.network.state_dict().items()}
    for number, entries in trainer.optimiser.state_dict()["state"].items():
        for key, value in entries.items():
            if value is not None:  # SGD without momentum
                tensors[f"optimiser.{number}.{key}"] = torch.as_tensor(value)
    if trainer.classes is not None:
        tensors["classes.weight"] = trainer.classes.weight
    if trainer.average is not None:
        tensors |= {f"average.{k}": value for k, value in trainer.average.state_dict().items()}
    return tensors | {f"windows.{name}": items for name, items in trainer.windows.items()}


def load(tensors: Mapping[str, Tensor], trainer: Trainer) -> None:
    """Bring a trainer to what ``tensors_of`` returned; KeyError and others for what is not that."""
    parts: dict[str, dict[str, Tensor]] = {
        name: {} for name in ("network", "optimiser", "average", "classes", "windows")
    }
    for name, tensor in tensors.items():
        part, _, key = name.partition(".")
        parts[part][key] = tensor
    trainer.network.load_state_dict(parts["network"])
    if trainer.classes is not None:
        trainer.classes.load_state_dict(parts["classes"])
    trainer.windows = parts["windows"]
    if trainer.average is not None:
        trainer.average.load_state_dict(parts["average"])
    groups = trainer.optimiser.param_groups
    weights = [weight for group in groups for weight in group["params"]]
    entries: dict[int, dict[str, Tensor]] = {}
    for name, tensor in parts["optimiser"].items():
        number, _, key = name.partition(".")
        weight = weights[int(number)]
        own = entries.setdefault(int(number), {})
        own[key] = tensor
        if tensor.shape == weight.shape:  # laid out as the weight is, which the fast kernels need
            own[key] = torch.empty_like(weight, requires_grad=False).copy_(tensor)
    present = trainer.optimiser.state_dict()["param_groups"]
    trainer.optimiser.load_state_dict({"state": entries, "param_groups": present})
