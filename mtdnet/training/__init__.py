"""Training of one network with both losses at once."""

from mtdnet.training.train import train

__all__ = ["train"]
