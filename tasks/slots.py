"""Slots: no more stages at once than the machine has room for, across processes."""

import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from filelock import FileLock, Timeout

POLL_SECONDS = 0.2


@cache
def gpus() -> tuple[str, ...]:
    """Return the GPUs that this process may use, as ``CUDA_VISIBLE_DEVICES`` names them."""
    import torch  # takes seconds, and flows with nothing to train needn't wait

    count = torch.cuda.device_count()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = visible.split(",") if visible else [str(index) for index in range(count)]
    return tuple(name.strip() for name in names[:count])


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def slot(
    root: Path, *, gpu: bool, stop: threading.Event, alone: bool = False
) -> Iterator[dict[str, str]]:
    """Wait for a free slot and hold it; yield the environment of what runs in it.

    A GPU stage gets one GPU for itself. Where there is none it gets half of the cores: while one
    stage loads and writes, on one core, another computes; or all of them, ``alone``, for one that
    has no other beside it. Other stages get a core each. Slots are locked files below
    ``root/.locks``, freed by the system if their holder dies. Yields {} at once when ``stop`` is
    set.
    """
    room: dict[tuple[str, ...], dict[str, str]]
    if not gpu:
        room = {(f"core-{index}",): {} for index in range(cores())}
    elif gpus():
        room = {(f"gpu-{name}",): {"CUDA_VISIBLE_DEVICES": name} for name in gpus()}
    else:
        halves = tuple(f"gpu-none-{index}" for index in range(min(2, cores())))
        shares = [halves] if alone else [(half,) for half in halves]
        threads = {"OMP_NUM_THREADS": str(cores() // len(shares))}
        room = dict.fromkeys(shares, threads)
    folder = root / ".locks"
    folder.mkdir(exist_ok=True)
    while not stop.is_set():
        for names, env in room.items():
            with ExitStack() as held:
                try:
                    for name in names:
                        held.enter_context(FileLock(folder / name).acquire(blocking=False))
                except Timeout:
                    continue
                yield env
            return
        stop.wait(POLL_SECONDS)
    yield {}
