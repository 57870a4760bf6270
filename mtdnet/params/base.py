"""What the sections of ``params.yaml`` are made of: kinds of values, and what a section is."""

from collections.abc import Mapping
from pathlib import Path
from pkgutil import iter_modules
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

# what can be trained: the modules of mtdnet/variants, looked up without loading torch
VARIANTS = tuple(
    sorted(module.name for module in iter_modules([str(Path(__file__).parents[1] / "variants")]))
)
JOINT = "joint"  # a variant that starts from a network of its own: Train.joint says where
LISTED = tuple(name for name in VARIANTS if name != JOINT)


def _variant(name: str) -> str:
    if name == JOINT:
        raise ValueError("'joint' is not listed here; name its targets and splits in train.joint")
    if name not in LISTED:
        raise ValueError(f"no '{name}'; known: {', '.join(LISTED)}")
    return name


def _unique(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if twice := [value for value in values if values.count(value) > 1]:
        raise ValueError(f"{twice[0]!r} stands twice")
    return values


Item = TypeVar("Item")
Listed = Annotated[
    tuple[Item, ...],
    Field(strict=False, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_unique),
]
# a folder's name, a word of a shell, a part of parameters' paths and of MLflow's filters
Benchmark = Annotated[str, Field(pattern="^[A-Za-z0-9_][A-Za-z0-9_-]*$")]
Variant = Annotated[str, AfterValidator(_variant), Field(json_schema_extra={"enum": [*LISTED]})]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
SplitNumber = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(gt=0, lt=1)]


class Section(BaseModel):
    """Keys and values of which none is unknown; ``renamed``: an old key -> what it is now."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)
    renamed: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _known(cls, content: Any) -> Any:
        for key in content if isinstance(content, dict) else ():
            if key in cls.renamed:
                raise ValueError(f"'{key}' is now '{cls.renamed[key]}'; rename it")
            if key not in cls.model_fields:
                known = ", ".join(sorted(cls.model_fields))
                raise ValueError(f"unknown key '{key}'; known: {known}")
        return content
