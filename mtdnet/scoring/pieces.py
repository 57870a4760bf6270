"""Pieces of work side by side on a processor, with results that don't tell how many cores it has.

How torch divides one product among threads changes the order of its sums, and so the last digits.
Here each piece is computed by one thread, and what a piece is doesn't depend on their number.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier
from typing import TypeVar

import torch

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def each(
    device: torch.device, work: Callable[[Piece], Result], pieces: Iterable[Piece]
) -> Iterator[Result]:
    """Yield ``work`` of each piece, in their order; on a GPU one after the other.

    ``work`` doesn't call this itself: it would wait for its own thread.
    """
    return _pool().map(work, pieces) if device.type == "cpu" else map(work, pieces)


@cache
def _pool() -> ThreadPoolExecutor:
    """Return as many threads as torch has here, of one core each, for the whole process."""
    count = torch.get_num_threads()
    ready = Barrier(count + 1)

    def begin() -> None:
        torch.get_num_threads()  # a thread's first question sets it to the process's number
        torch.set_num_threads(1)  # this thread's, and that of threads yet to ask
        ready.wait()

    pool = ThreadPoolExecutor(count, "mtdnet-piece", begin)
    for _ in range(count):
        pool.submit(int)
    ready.wait()
    torch.set_num_threads(count)
    return pool
