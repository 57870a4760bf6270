"""Waiting for what another process does."""

import time
from collections.abc import Callable


def until(done: Callable[[], object], seconds: float = 60) -> bool:
    """Wait for something; False when it doesn't come in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if done():
            return True
        time.sleep(0.1)
    return False
