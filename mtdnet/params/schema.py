"""All of ``params.yaml``; ``python -m mtdnet.params`` prints it as a JSON schema."""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from mtdnet.params.base import JOINT, Count, Listed, Section, Seed, Share, Variant
from mtdnet.params.data import Augment, Ingest
from mtdnet.params.networks import Pretrain, Train


class Rerank(Section):
    """k-reciprocal re-ranking: neighbours, neighbours averaged, weight of the first distance."""

    k1: Count = 20
    k2: Count = 6
    weight: Annotated[float, Field(ge=0, le=1)] = 0.3


class Evaluate(Section):
    """What of the CMC curve is reported, at which false-alarm rates, and how many pictures.

    ``rerank``: what is scored by distances is also scored re-ranked. ``source_only``: these of
    ``pretrain.variants`` are tested on each target as the source left them. ``compile`` doubles
    what a GPU scores a second, for some seconds at the start.
    """

    ranks: Annotated[Listed[Count], Field(min_length=1)] = (1, 5, 10, 20)
    false_alarms: Listed[Share] = (0.01, 0.1)
    pictures: Count = 6
    rerank: Rerank | None = None
    source_only: Listed[Variant] = ()
    compile: bool = False


class Report(Section):
    """The page's title."""

    title: str = "MTDnet"


class Params(Section):
    """All of ``params.yaml``; ``seed`` is the root of every random draw but the splits'.

    ``trunk``: what every network starts with, and at whose input size ingest packs images.
    """

    ingest: Ingest
    augment: Augment
    pretrain: Pretrain
    train: Train
    evaluate: Evaluate
    report: Report
    seed: Seed = 0
    trunk: Literal["caffenet", "caffenet-tall", "resnet50"] = "caffenet"

    @model_validator(mode="after")
    def _check(self) -> Self:
        named: dict[str, Iterable[str]] = {
            "augment.splits": self.augment.splits,
            "pretrain.source": [self.pretrain.source],
            "train.targets": self.train.targets,
            "train.learning_rates": self.train.learning_rates,
        }
        known = ", ".join(self.ingest.layouts)
        for key, benchmarks in named.items():
            for name in benchmarks:
                if name not in self.ingest.layouts:
                    raise ValueError(f"{key}: no benchmark '{name}'; known: {known}")
        for variant in self.evaluate.source_only:
            if variant not in self.pretrain.variants:
                raise ValueError(f"evaluate.source_only: '{variant}' is not in pretrain.variants")
        if (source := self.pretrain.source) in self.train.targets:
            raise ValueError(f"train.targets: '{source}' is pretrain.source; take it out of one")
        for key, section in (("pretrain", self.pretrain), ("train", self.train)):
            if section.hard_negatives.share and self.augment.draw != "block":
                raise ValueError(f"{key}.hard_negatives: they stand in blocks; set augment.draw so")
        for target in self.train.joint.targets:
            if (split := self.augment.splits.get(target)) and split.folds:
                raise ValueError(
                    f"augment.splits.{target}: the joint network has seen the persons of its "
                    "folds; set validation instead, or take it out of train.joint"
                )
        if self.train.joint.targets and JOINT in self.ingest.layouts:
            raise ValueError("ingest.layouts: 'joint' is the folder of joint networks; rename it")
        return self
