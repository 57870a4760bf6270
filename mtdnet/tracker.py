"""Where a training and a test are recorded; the library itself records nowhere."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

End = Literal["FINISHED", "KILLED", "FAILED"]


class Tracker:
    """Records one network's training, or its test, and fails neither; this one records nothing."""

    def start(self, fingerprint: str, settings: Mapping[str, Any]) -> None:
        """Begin a training; the same ``fingerprint`` and steps are the same training."""

    def log(self, row: Mapping[str, float]) -> None:
        """Take a row of the history, by its ``step``; a continued training gives all again."""

    def figures(self, figures: Mapping[str, float]) -> None:
        """Take figures by name."""

    def artefact(self, file: Path) -> None:
        """Take a file, which is there until the end."""

    def end(self, end: End) -> None:
        """Close the record; more than once is the same as once."""


UNTRACKED = Tracker()
