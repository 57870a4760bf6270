"""What a finished training leaves until its stage is committed."""

from collections.abc import Sequence
from pathlib import Path

from mtdnet import steps
from mtdnet.steps import Network


def sweep(root: Path, networks: Sequence[Network]) -> None:
    """Remove checkpoints of networks whose stages are up to date.

    Not earlier: a stage that is stopped before DVC has committed it would train from the start.
    """
    for network in networks:
        folder = root / steps.checkpoints(*network)
        if folder.is_dir():
            from mtdnet.training import checkpoint  # torch: only where there is something to do

            checkpoint.sweep(folder)
