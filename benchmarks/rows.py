"""What a benchmark measures: a ratio of two rates, taken in one run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import torch

from mtdnet.device import Device

Note = str | float | int | bool


class NotMeasured(Exception):  # noqa: N818 - an answer, no error
    """A piece of work can't be measured here; the message says why."""


@dataclass(frozen=True)
class Place:
    """Where a piece is measured.

    ``peak``: FLOP/s of a large matrix product in the device's number format, measured just before;
    ``scratch``: an empty folder, removed afterwards; ``network``: a trained ``network.safetensors``
    and ``images``: a folder of ingest, of the project's source, where it has them. ``data``: a
    folder of real benchmarks, where one was named.
    """

    device: Device
    peak: float
    scratch: Path
    network: Path | None
    images: Path | None
    data: Path | None = None


@dataclass(frozen=True)
class Ratio:
    """The rate of some ``work`` beside that of what it is measured ``against``, in one run.

    ``own``, ``other``: ``unit`` a second, higher is better; ``reach``: the ratio aimed at;
    ``share``: of the machine's peak, that the own way reaches, in [0, 1].
    """

    work: str
    against: str
    unit: str
    own: float
    other: float
    reach: float | None = None
    share: float | None = None
    notes: Mapping[str, Note] = field(default_factory=dict)


def seconds(work: Callable[[], object], device: torch.device, repeat: int = 3) -> float:
    """Return the least wall-clock seconds of ``repeat`` calls after one that warms up."""
    cuda = device.type == "cuda"
    best = float("inf")
    for call in range(repeat + 1):
        if cuda:
            torch.cuda.synchronize(device)
        start = perf_counter()
        work()
        if cuda:
            torch.cuda.synchronize(device)
        spent = perf_counter() - start
        best = min(best, spent) if call else best
    return best
