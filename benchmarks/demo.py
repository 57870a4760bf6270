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

# Of a demo of 257 s on two cores, where a step took 0.13 s and Python with torch 1.8 s to start:
# what was not training took so many starts a network.
STARTS = 15
PROBE = 5  # steps


def estimate(settings: Params, step: float, start: float, lanes: int) -> float:
    """Return the seconds of a flow with nothing done yet, ``lanes`` trainings side by side.

    ``step``: seconds of a step, as a lane takes it; ``start``: of Python with torch to start, which
    stands for all that is not training: reading, scoring, drawing.
    """
    networks, sources = len(steps.trained(settings)), len(steps.trained_on_source(settings))
    on_source = sources * settings.pretrain.steps * step / min(lanes, sources)  # targets wait
    on_targets = len(steps.trained_on_targets(settings)) * settings.train.steps * step
    return on_source + (on_targets + networks * STARTS * start) / lanes


def main() -> None:
    """Measure and print a line."""
    settings = params.load(Path("params.yaml"))
    lanes = len(gpus()) or min(2, cores())
    torch.set_num_threads(max(1, cores() // lanes))  # as a stage gets them
    place, section = device.choose(), settings.augment
    packed = place.resident(training.pixels())
    pairs, negatives = section.pairs, section.negatives
    steps_of = training.fast(place, packed, pairs, negatives, width=settings.pretrain.width)
    step = seconds(lambda: [next(steps_of) for _ in range(PROBE)], place.torch, repeat=1) / PROBE
    command = [sys.executable, "-c", "import torch, mtdnet.training"]
    start = seconds(partial(subprocess.run, command, check=True), torch.device("cpu"), repeat=1)
    minutes = estimate(settings, step, start, lanes) / 60
    print(
        f"about {max(1, round(minutes))} min here, once installed: a training step takes "
        f"{step:.2f} s, {lanes} side by side; after each stage a line tells what is left"
    )


if __name__ == "__main__":
    main()
