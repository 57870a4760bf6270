"""The sections that tell what is there before anything is trained: images, splits, triplets."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mtdnet.params.base import Benchmark, Count, Section, Seed


class Ingest(Section):
    """``layouts``: folder below ``data/`` -> its layout; ``boxes``: CUHK03's, by hand or not."""

    layouts: dict[Benchmark, str]
    boxes: Literal["labeled", "detected"] = "labeled"


class Split(Section):
    """How the persons of one benchmark are divided.

    ``paper`` takes the published counts, scaled to the persons that are there; ``random`` takes
    the counts given here, else a quarter to test; with ``test_ids`` (a text file, one person a
    line) the test persons are those, and ``{split}`` in its name is the number of the split.
    ``validation`` persons are held out of the training persons; or, with ``folds``, all of these
    train, and each of so many parts of them validates a training on the others. ``seed`` draws the
    persons.
    ``gallery``: the ``first`` image of a test person's second camera, or ``all`` of them.
    """

    name: Literal["paper", "random"] = "paper"
    seed: Seed = 0
    validation: int | None = None
    test: int | None = None
    test_ids: str | None = None
    folds: Annotated[int, Field(ge=0)] = 0
    gallery: Literal["first", "all"] = "first"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.folds == 1:
            raise ValueError("folds: one leaves nobody to train on; give 2 or more, or 0")
        if self.folds and self.validation is not None:
            raise ValueError("folds and validation are both given; keep one")
        return self


class Augment(Section):
    """``negatives`` a positive pair, drawn from the positive's ``camera`` or from its ``block``.

    A block is ``pairs`` positive pairs, later one training step; ``rounds`` draws the list that
    many times. With ``camera``, the paper's list, triplets are shuffled one by one.
    """

    negatives: Count = 10
    draw: Literal["block", "camera"] = "block"
    pairs: Count = 24
    rounds: Count = 1
    splits: dict[Benchmark, Split] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.pairs <= self.negatives:
            raise ValueError(f"pairs must exceed negatives ({self.negatives}), found {self.pairs}")
        return self
