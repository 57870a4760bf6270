"""Training of one network with both losses at once."""

from mtdnet.training.run import train

__all__ = ["train"]
