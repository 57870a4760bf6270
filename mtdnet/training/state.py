"""Where a training stands: what is told of it, and what it continues from beside tensors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mtdnet.artifacts import History
from mtdnet.params import Snapshot, Training

Row = dict[str, float]


@dataclass
class State:
    """Where a training stands.

    ``fingerprint`` tells its data and settings; ``steps``: how many it was to take; ``sums``: each
    loss by name, summed over ``since`` steps since the last row of ``history``; ``best``: (rank-1,
    mAP) on validation persons at ``best_step``, by the network whose file has ``best_sha256``;
    ``seconds`` spent so far, validation included; ``summary`` of a training that has finished, and
    the hash of the ``code`` that finished it.
    """

    fingerprint: str
    steps: int
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    since: int = 0
    best: tuple[float, float] = (-1.0, -1.0)
    best_step: int = 0
    best_sha256: str = ""
    seconds: float = 0.0
    history: list[Row] = field(default_factory=list)
    summary: dict[str, Any] | None = None
    code: str = ""

    def add(self, sums: Mapping[str, float]) -> None:
        """Add losses summed over some steps."""
        for name, total in sums.items():
            self.sums[name] = self.sums.get(name, 0.0) + total

    def due(self, settings: Training) -> bool:
        """Tell whether a row of the history is due, and not yet closed."""
        ended = self.step == settings.steps
        return self.since > 0 and (ended or self.step % settings.validate_every == 0)

    def close_row(
        self, triplets: int, validation: Mapping[str, float], snapshot: Snapshot = "best"
    ) -> Row:
        """End a row of the history with the figures of a validation; note the one that is kept."""
        row = {
            "step": self.step,
            "triplets": self.step * triplets,
            **{f"{name}_loss": total / self.since for name, total in self.sums.items()},
            **validation,
        }
        self.history.append(row)
        self.sums, self.since = {}, 0
        figures = validation["validation_rank1"], validation["validation_mAP"]
        if snapshot == "last" or figures > self.best:
            self.best, self.best_step = figures, self.step
        return row


def history(rows: Sequence[Row]) -> History:
    """Return rows of equal keys as the table of a model folder."""
    return History.model_validate({name: [row.get(name) for row in rows] for name in rows[0]})
