"""What ingest and augment say of a benchmark: counts."""

from pydantic import BaseModel, ConfigDict

from mtdnet.artifacts.base import Count, Document, Positive


class Parts(BaseModel):
    """Counts of a split's three parts."""

    model_config = ConfigDict(frozen=True, strict=True)
    train: Count
    validation: Count
    test: Count


class HeldOut(BaseModel):
    """Counts of the parts that are ranked."""

    model_config = ConfigDict(frozen=True, strict=True)
    validation: Count
    test: Count


class SplitCounts(Document):
    """An identity split and its triplets, counted; ``persons`` of the test without distractors."""

    FILE = "counts.json"
    benchmark: str
    split: str
    seed: Count
    split_number: Count
    test_from: str
    gallery_rule: str
    persons: Parts
    images: Parts
    queries: HeldOut
    gallery: HeldOut
    distractors: Count
    one_camera_persons: Count
    positive_pairs: Count
    triplets: Count
    triplets_seed: Count
    folds: Count = 0  # of cross-validation over the training persons


class ImageCounts(Document):
    """What ingest found of a benchmark, beside further counts.

    ``test_sets``: the persons of each published test set, where the layout has them.
    """

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="allow")
    FILE = "counts.json"
    benchmark: str
    layout: str
    images: Positive
    test_sets: list[list[str]]
