"""Training by several processes of torchrun."""

import os
import subprocess
import sys
from collections.abc import Iterator

import torch

from benchmarks import machine, training
from benchmarks.rows import NotMeasured, Place, Ratio, seconds
from mtdnet import device
from mtdnet.training.parallel import joined

PAIRS, NEGATIVES = 24, 10  # a process and step


def measure(place: Place) -> Iterator[Ratio]:
    """Time 1, 2 and 4 processes, as many as there are GPUs, or threads of the processor."""
    threads = torch.get_num_threads()
    units = torch.cuda.device_count() or threads
    if units == 1:
        raise NotMeasured("one GPU or one core: nothing to divide")
    rates = {count: _rate(count, threads // count or 1) for count in (1, 2, 4) if count <= units}
    for count, rate in rates.items():
        yield Ratio(
            work=f"training by {count} processes, {threads // count or 1} threads each",
            against=f"one process, {threads} threads",
            unit="triplets",
            own=rate,
            other=rates[1],
            notes={"triplets a step": count * PAIRS * NEGATIVES, "on": device.choose().name},
        )


def _rate(count: int, threads: int) -> float:
    start = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={count}"]
    done = subprocess.run(
        [sys.executable, *start, "-m", __name__],
        env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise NotMeasured(f"{count} processes failed: {done.stderr.strip().splitlines()[-1]}")
    return float(done.stdout)


def _process() -> None:
    """Take steps as one of the processes; the first prints triplets a second of all."""
    place = device.choose() if torch.cuda.is_available() else machine.processor()
    packed = place.resident(training.pixels(torch.device("cpu")))
    with joined(place) as group:
        steps = training.fast(place, packed, PAIRS, NEGATIVES, group=group)
        spent = seconds(lambda: next(steps), place.torch, repeat=4)
        if group.rank == 0:
            print(group.count * PAIRS * NEGATIVES / spent)


if __name__ == "__main__":
    _process()
