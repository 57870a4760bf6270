"""Reading ``params.yaml``: one line for what is wrong in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from mtdnet.errors import InputError, reason
from mtdnet.params.base import Section
from mtdnet.params.schema import Params

Kind = TypeVar("Kind", bound=Section)

# for people, who needn't know what pydantic calls it
EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "keys and values",
    "float_type": "a number",
    "int_type": "a whole number",
    "model_type": "keys and values",
    "string_pattern_mismatch": "a name of letters, digits, - and _, for it is a word of commands",
    "string_type": "text",
    "tuple_type": "a list",
}


def load(source: Path = Path("params.yaml")) -> Params:
    """Read a parameter file; InputError names the key that is unknown, missing or wrong."""
    return build(Params, content(source), str(source))


def content(source: Path) -> Any:
    """Return what a YAML file holds, as plain values; InputError when it can't be read.

    It is read as DVC reads it, by YAML 1.2: ``1e-05`` is a number and ``010`` is ten.
    """
    try:
        return YAML(typ="safe", pure=True).load(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{source}: no such file; run from the project's folder") from None
    except OSError as problem:
        raise InputError(f"{source}: can't be read ({problem.strerror})") from None
    except MarkedYAMLError as problem:
        line = f"line {problem.problem_mark.line + 1}: " if problem.problem_mark else ""
        raise InputError(f"{source}: not YAML: {line}{problem.problem}") from None
    except RecursionError:
        raise InputError(f"{source}: not YAML: nested too deeply") from None
    except (YAMLError, ValueError, KeyError) as problem:  # no such date, encoding, truth value
        raise InputError(f"{source}: not YAML: {reason(problem)}") from None


def build(kind: type[Kind], content: Any, where: str) -> Kind:
    """Make a section from a mapping of plain values; InputError names the key in ``where``."""
    try:
        return kind.model_validate(content)
    except ValidationError as problem:
        first, *more = problem.errors(include_url=False)
        others = "; also wrong: " + ", ".join(_key(each["loc"]) for each in more) if more else ""
        line = " ".join(f"{_line(first)}{others}".split())  # a key may have lines
        raise InputError(f"{where}: {line}") from None


def _line(mistake: Mapping[str, Any]) -> str:
    """Return a mistake that pydantic found in a line: where, what was expected, what is there."""
    key, kind = _key(mistake["loc"]), mistake["type"]
    if kind == "missing":
        return f"key '{key}' is missing"
    if kind == "value_error":
        return f"{key}: {mistake['ctx']['error']}".removeprefix(": ")
    expected = EXPECTED.get(kind, mistake["msg"].removeprefix("Input should be "))
    try:
        there = repr(mistake["input"])
    except (ValueError, RecursionError):  # a number of thousands of digits, a list in itself
        there = "something too long to show"
    return f"{key}: expected {expected}, found {there}".removeprefix(": ")


def _key(place: tuple[int | str, ...]) -> str:
    """Return the path of a key as DVC writes it: ``train.targets[1]``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return "".join(parts).removesuffix(".[key]").removeprefix(".")
