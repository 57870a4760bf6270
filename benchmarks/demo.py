"""``python -m benchmarks.demo``: how long ``make demo`` will take here, by a probe of seconds."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import torch

from benchmarks import training
from benchmarks.rows import seconds
from mtdnet import device, params, steps
from mtdnet.params import Params
from tasks.slots import cores, gpus

# Of a demo of 381 s on two cores, with 600 steps of the source, where a step took 0.28 s, alone
# 0.15, and Python with torch some 2.5 s to start: what was not training took so many starts a
# network.
STARTS = 16
PROBE = 5  # steps


def estimate(settings: Params, step: float, alone: float, start: float, lanes: int) -> float:
    """Return the seconds of a flow with nothing done yet, ``lanes`` trainings side by side.

    ``step``: seconds of a step, as a lane takes it, and ``alone``, of a training that has no other
    beside it; ``start``: of Python with torch to start, which stands for all that is not training:
    reading, scoring, drawing.
    """
    networks, sources = len(steps.trained(settings)), len(steps.trained_on_source(settings))
    on_source = settings.pretrain.steps * alone  # targets wait
    if sources > 1:
        on_source = sources * settings.pretrain.steps * step / min(lanes, sources)
    on_targets = len(steps.trained_on_targets(settings)) * settings.train.steps * step
    return on_source + (on_targets + networks * STARTS * start) / lanes


def main() -> None:
    """Measure and print a line."""
    settings = params.load(Path("params.yaml"))
    lanes = len(gpus()) or min(2, cores())
    pixels = training.pixels()
    step = _step(settings, pixels, max(1, cores() // lanes))  # as a stage gets them
    alone = step if gpus() else _step(settings, pixels, cores())
    command = [sys.executable, "-c", "import torch, mtdnet.training"]
    start = seconds(partial(subprocess.run, command, check=True), torch.device("cpu"), repeat=1)
    minutes = estimate(settings, step, alone, start, lanes) / 60
    print(
        f"about {max(1, round(minutes))} min here, once installed: a training step takes "
        f"{step:.2f} s, {lanes} side by side; after each stage a line tells what is left"
    )


def _step(settings: Params, pixels: torch.Tensor, threads: int) -> float:
    """Return the seconds of a step of the demo's networks by so many threads, or by a GPU."""
    torch.set_num_threads(threads)
    place, section = device.choose(), settings.augment
    packed, width = place.resident(pixels), settings.pretrain.width
    taken = training.fast(place, packed, section.pairs, section.negatives, width=width)
    return seconds(lambda: [next(taken) for _ in range(PROBE)], place.torch, repeat=1) / PROBE


if __name__ == "__main__":
    main()
