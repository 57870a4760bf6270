"""The servers of ``deploy/compose.yaml``: what it says, and each as a process of this machine."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

import yaml

from flows.environment import ROOT

FOLDER = ROOT / "deploy"
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}")


def services() -> dict[str, dict[str, Any]]:
    """Return the services of the file by name."""
    content: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    made: dict[str, dict[str, Any]] = content["services"]
    return made


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return text with its variables filled in as Compose does; KeyError for a required one."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        return values.get(name) or rest if kind == "-" else values[name]

    return VARIABLE.sub(value, text).replace("$$", "$")


class Here:
    """A service as a process of this machine: ``places`` says what stands for names and ports."""

    def __init__(self, name: str, values: Mapping[str, str], places: Mapping[str, str]) -> None:
        service = services()[name]
        self._values, self._places = values, places
        self.env = {key: self._text(own) for key, own in service.get("environment", {}).items()}
        said = service.get("command", "")
        words = said if isinstance(said, list) else shlex.split(said)
        self.command = [self._text(word) for word in [*service.get("entrypoint", []), *words]]

    def _text(self, text: str) -> str:
        made = filled(text, self._values)
        for there, here in self._places.items():
            made = made.replace(there, here)
        return made
