"""The state of a training in one safetensors file, so that a stopped one continues exactly."""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mtdnet.files import whole
from mtdnet.networks.base import Network

Row = dict[str, float]


@dataclass
class State:
    """Where a training stands.

    ``fingerprint`` tells its data and settings; ``sums``: each loss by name, summed over
    ``since`` steps since the last row of ``history``; ``best``: (rank-1, mAP) on validation
    persons at ``best_step``; ``seconds`` spent so far, validation included.
    """

    fingerprint: str
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    since: int = 0
    best: tuple[float, float] = (-1.0, -1.0)
    best_step: int = 0
    seconds: float = 0.0
    history: list[Row] = field(default_factory=list)

    def add(self, sums: Mapping[str, float]) -> None:
        """Add losses summed over some steps."""
        for name, total in sums.items():
            self.sums[name] = self.sums.get(name, 0.0) + total

    def close_row(self, triplets: int, validation: Mapping[str, float]) -> Row:
        """End a row of the history with what validation found, and note the best."""
        row = {
            "step": self.step,
            "triplets": self.step * triplets,
            **{f"{name}_loss": total / self.since for name, total in self.sums.items()},
            **validation,
        }
        self.history.append(row)
        self.sums, self.since = {}, 0
        found = validation["validation_rank1"], validation["validation_mAP"]
        if found > self.best:
            self.best, self.best_step = found, self.step
        return row


def save(target: Path, state: State, network: Network, optimiser: torch.optim.SGD) -> None:
    """Write state, weights and momenta, whole or not at all."""
    tensors = {f"network.{k}": v.detach().cpu() for k, v in network.state_dict().items()}
    for name, weight in network.named_parameters():
        momentum = optimiser.state[weight].get("momentum_buffer")
        if momentum is not None:
            tensors[f"momentum.{name}"] = momentum.cpu()
    with whole(target) as draft:
        plain = {key: tensor.contiguous() for key, tensor in tensors.items()}
        save_file(plain, draft, metadata={"state": json.dumps(asdict(state))})


def restore(
    source: Path, fingerprint: str, network: Network, optimiser: torch.optim.SGD
) -> State | None:
    """Load what ``save`` wrote; None when there is none, or one of other data or settings."""
    try:
        with safe_open(source, framework="pt") as file:
            told = json.loads((file.metadata() or {}).get("state", "{}"))
            if told.get("fingerprint") != fingerprint or told.keys() != asdict(State("")).keys():
                print(f"{source}: of another training; begins anew", file=sys.stderr)
                return None
            state = State(**told)
            tensors: dict[str, Tensor] = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (FileNotFoundError, SafetensorError):
        return None
    with torch.no_grad():
        for name, weight in network.named_parameters():
            weight.copy_(tensors[f"network.{name}"])
            if f"momentum.{name}" in tensors:
                momentum = torch.empty_like(weight).copy_(tensors[f"momentum.{name}"])
                optimiser.state[weight]["momentum_buffer"] = momentum
    state.best = (state.best[0], state.best[1])  # JSON made a list of them
    return state
