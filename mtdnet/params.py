"""``params.yaml`` as frozen, typed objects: one class a section, one section a step."""

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import yaml

from mtdnet.errors import InputError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

# what can be trained: the modules of mtdnet/variants, looked up without loading torch
VARIANTS = tuple(
    sorted(module.name for module in iter_modules([str(Path(__file__).with_name("variants"))]))
)

Section = TypeVar("Section", bound="DataclassInstance")


@dataclass(frozen=True)
class Ingest:
    """``layouts``: folder below ``data/`` -> its layout; ``boxes``: CUHK03's, by hand or not."""

    layouts: dict[str, str]
    boxes: Literal["labeled", "detected"] = "labeled"


@dataclass(frozen=True)
class Split:
    """How the persons of one benchmark are divided.

    ``paper`` takes the published counts, scaled to the persons that are there; ``random`` takes
    the counts given here; with ``test_ids`` (a text file, one person a line) the test persons are
    those, and ``{split}`` in its name is the number of the split. ``validation`` persons are held
    out of the training persons. ``seed`` draws the persons. ``gallery``: the ``first`` image of a
    test person's second camera, or ``all`` of them.
    """

    name: Literal["paper", "random"] = "paper"
    seed: int = 0
    validation: int | None = None
    test: int | None = None
    test_ids: str | None = None
    gallery: Literal["first", "all"] = "first"


@dataclass(frozen=True)
class Augment:
    """``negatives`` a positive pair, drawn from the positive's ``camera`` or from its ``block``.

    A block is ``pairs`` positive pairs, later one training step; ``rounds`` draws the list that
    many times. With ``camera``, the paper's list, triplets are shuffled one by one.
    """

    negatives: int = 10
    draw: Literal["block", "camera"] = "block"
    pairs: int = 24
    rounds: int = 1
    splits: dict[str, Split] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(self.negatives >= 1, f"negatives must be at least 1, found {self.negatives}")
        _check(self.rounds >= 1, f"rounds must be at least 1, found {self.rounds}")
        _check(self.pairs > self.negatives, f"pairs must exceed negatives ({self.negatives})")


@dataclass(frozen=True)
class Training:
    """One training; ``triplets`` are those a step.

    ``compile`` spares a GPU the launches of a step's many kernels, for half a minute at the start.
    """

    steps: int
    triplets: int = 240
    rate: float = 1e-3
    momentum: float = 0.9
    decay: float = 5e-4
    margin: float = 1.0
    validate_every: int = 200
    compile: bool = False

    def __post_init__(self) -> None:
        for key in ("steps", "triplets", "validate_every"):
            _check(getattr(self, key) >= 1, f"{key} must be at least 1, found {getattr(self, key)}")
        for key in ("rate", "margin"):
            _check(getattr(self, key) > 0, f"{key} must be above 0, found {getattr(self, key)}")
        _check(0 <= self.momentum < 1, f"momentum must be in [0, 1), found {self.momentum}")
        _check(self.decay >= 0, f"decay must not be negative, found {self.decay}")


@dataclass(frozen=True)
class Pretrain(Training):
    """Training of ``variants`` on each of ``splits`` of ``source``; targets start from split 0.

    ``weights``: a file of ImageNet weights for a trunk of full width; without it all is drawn.
    ``width`` scales what is drawn.
    """

    source: str = "cuhk03"
    variants: tuple[str, ...] = ("mtdnet",)
    splits: tuple[int, ...] = (0,)
    width: float = 1.0
    weights: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(0 < self.width <= 1, f"width must be in (0, 1], found {self.width}")
        _named("variants", self.variants)
        _numbered(self.splits)
        _check(0 in self.splits, "splits: 0 is missing; targets start from its networks")


@dataclass(frozen=True)
class Compared:
    """Further ``variants``, trained on some of the targets to compare them."""

    targets: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _named("variants", self.variants)


@dataclass(frozen=True)
class Train(Training):
    """Training of ``variants`` on each of ``splits`` of every target, from the source network.

    ``rates`` overrides ``rate`` for a target.
    """

    targets: tuple[str, ...] = ()
    variants: tuple[str, ...] = ("mtdnet",)
    splits: tuple[int, ...] = (0,)
    compared: Compared = field(default_factory=Compared)
    rates: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        _named("variants", self.variants)
        _numbered(self.splits)
        for name, rate in self.rates.items():
            _check(rate > 0, f"rates.{name} must be above 0, found {rate}")
        for target in self.compared.targets:
            _check(target in self.targets, f"compared.targets: '{target}' is not among targets")
        twice = set(product(self.targets, self.variants)) & set(self._compared())
        for target, variant in sorted(twice):
            _check(False, f"compared: '{variant}' on '{target}' is among targets and variants too")

    def _compared(self) -> Iterator[tuple[str, str]]:
        return product(self.compared.targets, self.compared.variants)

    def networks(self) -> list[tuple[str, str]]:
        """Return (target, variant) of all that is trained on each split."""
        return [*product(self.targets, self.variants), *self._compared()]

    def on(self, target: str) -> Training:
        """Return the settings of the training on one target, at its own rate if it has one."""
        own = {f.name: getattr(self, f.name) for f in dataclasses.fields(Training)}
        return Training(**own | {"rate": self.rates.get(target, self.rate)})


@dataclass(frozen=True)
class Evaluate:
    """What of the CMC curve is reported, at which false-alarm rates, and how many pictures.

    ``compile`` doubles what a GPU scores a second, for some seconds at the start.
    """

    ranks: tuple[int, ...] = (1, 5, 10, 20)
    false_alarms: tuple[float, ...] = (0.01, 0.1)
    pictures: int = 6
    compile: bool = False

    def __post_init__(self) -> None:
        _check(
            len(self.ranks) > 0 and min(self.ranks) >= 1, f"ranks: at least 1, found {self.ranks}"
        )
        for rate in self.false_alarms:
            _check(0 < rate < 1, f"false_alarms must be in (0, 1), found {rate}")
        _check(self.pictures >= 1, f"pictures must be at least 1, found {self.pictures}")


@dataclass(frozen=True)
class Report:
    """The page's title."""

    title: str = "MTDnet"


@dataclass(frozen=True)
class Params:
    """All of ``params.yaml``; ``seed`` is the root of every random draw but the splits'.

    ``trunk``: what every network starts with, a key of ``mtdnet.networks.trunks``; ingest packs
    images at its input size.
    """

    ingest: Ingest
    augment: Augment
    pretrain: Pretrain
    train: Train
    evaluate: Evaluate
    report: Report
    seed: int = 0
    trunk: Literal["caffenet", "resnet50"] = "caffenet"

    def __post_init__(self) -> None:
        _check(0 <= self.seed < 2**63, f"seed must not be negative, found {self.seed}")
        named = {
            "augment.splits": self.augment.splits,
            "pretrain.source": [self.pretrain.source],
            "train.targets": self.train.targets,
            "train.rates": self.train.rates,
        }
        known = ", ".join(self.ingest.layouts)
        for key, benchmarks in named.items():
            for name in benchmarks:
                _check(name in self.ingest.layouts, f"{key}: no benchmark '{name}'; known: {known}")


def load(source: Path = Path("params.yaml")) -> Params:
    """Read a parameter file; InputError names the key that is unknown, missing or ill-typed."""
    try:
        content = yaml.safe_load(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{source}: no such file; run from the project's folder") from None
    except OSError as problem:
        raise InputError(f"{source}: can't be read ({problem.strerror})") from None
    except (yaml.YAMLError, ValueError) as problem:  # a date that doesn't exist, another encoding
        line = " ".join(str(problem).split())
        raise InputError(f"{source}: not YAML: {line}") from None
    return build(Params, content, str(source))


def build(kind: type[Section], content: Any, where: str) -> Section:
    """Make a dataclass from a mapping of plain values; InputError names the key in ``where``."""
    if not isinstance(content, Mapping):
        raise InputError(f"{where}: expected keys and values, found {content!r}")
    hints = typing.get_type_hints(kind)
    fields = {f.name: f for f in dataclasses.fields(kind)}
    for key in content:
        if key not in fields:
            raise InputError(f"{where}: unknown key '{key}'; known: {', '.join(sorted(fields))}")
    for name, f in fields.items():
        required = f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        if required and name not in content:
            raise InputError(f"{where}: key '{name}' is missing")
    values = {key: _value(hints[key], v, f"{where}: {key}") for key, v in content.items()}
    try:
        return kind(**values)
    except InputError as problem:
        raise InputError(f"{where}: {problem}") from None


def _value(kind: Any, value: Any, where: str) -> Any:
    """Return ``value`` as ``kind`` has it; InputError when it is of another type."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return build(kind, value, where)
    if origin is dict and isinstance(value, Mapping):
        return {str(k): _value(inner[1], v, f"{where}.{k}") for k, v in value.items()}
    if origin is tuple and isinstance(value, list):
        return tuple(_value(inner[0], v, f"{where}[{i}]") for i, v in enumerate(value))
    if origin is Literal and value in inner:
        return value
    if origin is types.UnionType:
        return None if value is None else _value(inner[0], value, where)
    if kind is float and type(value) in (int, float):
        return float(value)
    if kind in (int, str, bool) and type(value) is kind:
        return value
    wanted = " or ".join(map(repr, inner)) if origin is Literal else getattr(kind, "__name__", kind)
    raise InputError(f"{where}: expected {wanted}, found {value!r}")


def _named(key: str, variants: Sequence[str]) -> None:
    for name in variants:
        _check(name in VARIANTS, f"{key}: no '{name}'; known: {', '.join(VARIANTS)}")
    _check(len(set(variants)) == len(variants), f"{key}: a name stands twice in {list(variants)}")


def _numbered(splits: Sequence[int]) -> None:
    for number in splits:
        _check(number >= 0, f"splits: numbers from 0, found {number}")
    _check(len(set(splits)) == len(splits), f"splits: a number stands twice in {list(splits)}")


def _check(holds: bool, line: str) -> None:
    if not holds:
        raise InputError(line)
