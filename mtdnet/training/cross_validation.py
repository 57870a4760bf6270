"""Validation by the folds of the training persons, where all of them train at last."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from mtdnet.artifacts import History
from mtdnet.data.images import Images
from mtdnet.device import Device
from mtdnet.networks import serialization
from mtdnet.networks.base import Network
from mtdnet.networks.header import FILE
from mtdnet.training.validation import Validation


@dataclass(frozen=True)
class Fold:
    """The folder of a fold's split and triplets, and that of the network trained on them."""

    augmented: Path
    model: Path


class CrossValidation:
    """What networks that were trained without a fold's persons make of these persons.

    It stands for the validation of a training on all of them, with the same settings: the figures
    of a step are the folds' at that step, the temperature is that of their pairs together, each
    scored by its fold's own network.
    """

    def __init__(
        self, folds: Sequence[Fold], images: Images, pixels: Tensor, device: Device
    ) -> None:
        self._parts = [(fold, Validation(images, fold.augmented, pixels, device)) for fold in folds]

    @property
    def persons(self) -> int:
        """How many persons there are, in all folds."""
        return sum(validation.persons for _, validation in self._parts)

    def measure(self, network: Network, step: int) -> dict[str, float]:
        """Return the figures of a step, in [0, 1]: means over the folds, by their queries.

        ``network``, which has seen every person, is not asked.
        """
        total, queries = dict[str, float](), 0
        for fold, validation in self._parts:
            history, count = History.read(fold.model), len(validation.query)
            row = history.step.index(step)
            queries += count
            for name, column in history.columns.items():
                if name.startswith("validation_"):
                    total[name] = total.get(name, 0.0) + count * (column[row] or 0.0)
        return {name: value / queries for name, value in total.items()}

    def parts(self, network: Network) -> list[tuple[Validation, Network]]:
        """Return each fold's validation with its own network."""
        return [(own, serialization.load(fold.model / FILE).network) for fold, own in self._parts]
