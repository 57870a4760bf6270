"""Training of one network with both losses at once."""

from mtdnet.training.setup import Setup, Start
from mtdnet.training.train import train

__all__ = ["Setup", "Start", "train"]
