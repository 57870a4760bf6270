"""What one step hands to the next, as frozen classes: each has one file, one reader, one writer.

A reader raises InputError, naming the file and the key or the column's row, for what is missing,
ill-typed, not finite or out of range; keys that it doesn't know are passed over. Packed images,
tables of images and triplets, and weights are read where they are used.
"""

from mtdnet.artifacts.base import Document, Table
from mtdnet.artifacts.data import HeldOut, ImageCounts, Parts, SplitCounts
from mtdnet.artifacts.evaluation import Bins, Case, Curves, Facts, Metrics, Ranks
from mtdnet.artifacts.training import Fusion, History, TrainingRecord

__all__ = [
    "Bins",
    "Case",
    "Curves",
    "Document",
    "Facts",
    "Fusion",
    "HeldOut",
    "History",
    "ImageCounts",
    "Metrics",
    "Parts",
    "Ranks",
    "SplitCounts",
    "Table",
    "TrainingRecord",
]
