"""Waiting for what another process does."""

import time
from collections.abc import Callable


def until(done: Callable[[], bool]) -> bool:
    """Wait for something; False when it doesn't come within a minute."""
    for _ in range(600):
        if done():
            return True
        time.sleep(0.1)
    return False
