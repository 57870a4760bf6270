"""Slots: no more stages at once than the machine has room for, across processes."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
def slot(root: Path, *, gpu: bool, stop: threading.Event) -> Iterator[dict[str, str]]:
    """Wait for a free slot and hold it; yield the environment of what runs in it.

    A GPU stage gets one GPU for itself, or half of the cores where there is no GPU: while one
    stage loads and writes, on one core, another computes. Other stages get a core each. Slots are
    locked files below ``root/.locks``, freed by the system if their holder dies. Yields {} at once
    when ``stop`` is set.
    """
    room: dict[str, dict[str, str]]
    if gpu:
        room = {f"gpu-{name}": {"CUDA_VISIBLE_DEVICES": name} for name in gpus()}
        halves = min(2, cores())
        threads = {"OMP_NUM_THREADS": str(cores() // halves)}
        room = room or {f"gpu-none-{index}": threads for index in range(halves)}
    else:
        room = {f"core-{index}": {} for index in range(cores())}
    folder = root / ".locks"
    folder.mkdir(exist_ok=True)
    while not stop.is_set():
        for name, env in room.items():
            lock = FileLock(folder / name)
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue
            try:
                yield env
            finally:
                lock.release()
            return
        stop.wait(POLL_SECONDS)
    yield {}
