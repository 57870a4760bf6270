"""What a training's figures rest on: its data, settings and seed, and the network at its start."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mtdnet import variants
from mtdnet.artifacts import Fusion, TrainingRecord
from mtdnet.data.images import TABLE
from mtdnet.errors import InputError
from mtdnet.networks import serialization
from mtdnet.networks.base import Network
from mtdnet.networks.header import FILE
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.networks.pretrained import initialise
from mtdnet.networks.weight_init import fill_hidden_biases, start_as_difference
from mtdnet.params import VARIANTS, Augment, JointStart, Training
from mtdnet.protocol.query_gallery import SPLIT
from mtdnet.protocol.triplets import TRIPLETS
from mtdnet.provenance import fingerprint
from mtdnet.training.cross_validation import Fold
from mtdnet.variants import Variant

Folders = tuple[Path, Path]  # of ingest and of augment


@dataclass(frozen=True)
class Start:
    """The network that a training starts from: that of the model ``folder``, else a drawn one.

    That one is of ``width`` on ``trunk``; the trunk is of full width and from ``weights`` where
    given. ``hidden_bias``, ``joint_start``, ``distance_input``: as in ``Pretrain``.
    """

    folder: Path | None = None
    width: float = 1.0
    weights: Path | None = None
    trunk: str = "caffenet"
    hidden_bias: float = 0.0
    joint_start: JointStart = "drawn"
    distance_input: bool = False

    @property
    def file(self) -> Path | None:
        """The file that weights come from; None when all are drawn."""
        return self.folder / FILE if self.folder else self.weights

    @property
    def name(self) -> str:
        """The model folder, the file of weights, or "drawn"."""
        origin = self.folder or self.weights
        return origin.name if origin else "drawn"

    @property
    def fusion(self) -> Fusion | None:
        """The weights that the verdict of the model folder's network was given; None without."""
        return TrainingRecord.read(self.folder).fusion if self.folder else None

    def network(self, kind: type[Variant]) -> Network:
        """Return the network, drawn from torch's seed; InputError for one of another kind.

        A stored one's verdict is as it was before it was weighed.
        """
        if self.folder:
            stored = serialization.load(self.folder / FILE).network
            if not isinstance(stored, kind.kind):
                raise InputError(
                    f"{self.folder}: a network of another kind; start from `{kind.start}`"
                )
            if stored.pair is not None and stored.takes_distance:
                fusion = self.fusion
                if fusion and fusion.logit:  # joint maps go on from what they said in training
                    scale = 1 / fusion.logit
                    stored.pair.weigh(scale, -scale * fusion.distance, -scale * fusion.bias)
                if not kind.ranks:
                    stored.pair.leave_distance()
            return stored
        fresh = kind.kind(self.width, 1.0 if self.weights else self.width, self.trunk)
        fill_hidden_biases(fresh, self.hidden_bias)
        if self.joint_start == "difference" and fresh.pair is not None:
            start_as_difference(fresh.pair.conv3)
        if self.distance_input and kind.ranks and fresh.pair is not None:
            fresh.pair.take_distance(fresh.feature_size)
        if self.weights:
            tensors = initialise(fresh.trunk, self.weights)
            fresh.pretrained = [fresh.trunk.name, *fresh.fill(tensors, self.weights)]
        return fresh


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A training of ``variant`` on the triplets of ``augmented``, rows of ``ingested``'s images.

    ``augment``: the settings that the triplets were drawn with, by which hard negatives are dealt.
    ``source``: the source benchmark, for variants that take its triplets too, and for a ranking
    head in closed form. ``beside``: further benchmarks to train on, each step on one, in proportion
    to the lengths of their lists.
    ``folds``: finished trainings of the folds of a split without validation persons, by the same
    settings, which then choose and calibrate; ``fold``: this is one of them.
    """

    ingested: Path
    augmented: Path
    settings: Training
    seed: int
    variant: str = "mtdnet"
    start: Start = field(default_factory=Start)
    augment: Augment = field(default_factory=Augment)
    source: Folders | None = None
    beside: Sequence[Folders] = ()
    folds: Sequence[Fold] = ()
    fold: bool = False

    @property
    def kind(self) -> type[Variant]:
        """The class of the variant; InputError when there is none."""
        if self.variant not in VARIANTS:
            raise InputError(f"unknown variant '{self.variant}'; known: {', '.join(VARIANTS)}")
        return variants.load(self.variant)

    @property
    def fits_ranking(self) -> bool:
        """Whether the ranking head starts as the training persons' discriminant."""
        asked = self.settings.ranking_start != "kept"
        return asked and self.kind.ranks and issubclass(self.kind.kind, MTDnet)

    @property
    def of_steps(self) -> dict[str, Any]:
        """The settings that a checkpoint must share with a training: all that change a step.

        Not ``steps``: an unfinished training may be given more. Nor ``compile``, which only rounds
        apart, nor what other variants have.
        """
        own = Training.model_fields.keys() - {"steps", "compile", "own"}
        return self.settings.model_dump(include=own)

    def tracked(self, network: Network) -> dict[str, Any]:
        """Return what a tracker records of it; ``network`` is the start's."""
        own = self.settings
        more = {"steps": own.steps, "compile": own.compile, "width": network.width}
        return self.of_steps | more | {"start": self.start.name, "seed": self.seed}

    def fingerprint(self, network: Network) -> str:
        """Return the SHA-256 of what each step rests on; ``network`` is the start's."""
        start, settings = self.start, self.settings
        files = [*_files(self.ingested, self.augmented), *([start.file] if start.file else [])]
        for each in [*self.beside, *((self.ingested, fold.augmented) for fold in self.folds)]:
            files += _files(*each)
        if self.source and (self.fits_ranking or self.kind.source_triplets(settings.triplets)):
            files += _files(*self.source)
        facts = {
            "variant": self.variant,
            "seed": self.seed,
            "widths": [network.width, network.trunk_width],
            "trunk": network.trunk.name,
            "start": [start.hidden_bias, start.joint_start, start.distance_input],
        }
        if settings.hard_negatives.share:
            facts["blocks"] = [self.augment.pairs, self.augment.negatives]
        return fingerprint(self.of_steps | facts, files)


def _files(ingested: Path, augmented: Path) -> list[Path]:
    """Return the files of a benchmark that a training rests on."""
    return [ingested / TABLE, augmented / TRIPLETS, augmented / SPLIT]
