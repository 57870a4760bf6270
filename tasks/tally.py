"""How far a flow is, and how long the rest of it may take."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tasks.bar import Bar

Row = tuple[str, str, str]  # stage, what of it is done, time left


class Tally:
    """The stages of a flow that have to run: how long those that ended worked, and what is left.

    ``live``: a table of what runs is on a terminal, so nobody needs lines about that.
    """

    def __init__(self, stages: Sequence[str]) -> None:
        self._left = Counter(map(_kind, stages))
        self._total, self._start = len(stages), time.monotonic()
        self._seconds: dict[str, list[float]] = {}
        self._running: dict[str, Row] = {}
        self.live = False
        self._lock = threading.Lock()

    @contextmanager
    def running(self, stage: str) -> Iterator[None]:
        """Count a stage among those that run, until the block ends."""
        with self._lock:
            self._running[stage] = (stage, "runs", "")
        try:
            yield
        finally:
            with self._lock:
                del self._running[stage]

    def show(self, stage: str, bar: Bar) -> None:
        """Take over what a running stage's bar says."""
        done = f"{bar.share} %" if bar.name in ("", stage) else f"{bar.name}, {bar.share} %"
        with self._lock:
            self._running[stage] = (stage, done, bar.left if bar.share < 100 else "")

    def rows(self) -> list[Row]:
        """Return the stages that run: what they say is done, and the time that they say is left."""
        with self._lock:
            return list(self._running.values())

    def ended(self, stage: str, seconds: float) -> None:
        """Count a stage that ended well after so many seconds of work."""
        with self._lock:
            self._seconds.setdefault(_kind(stage), []).append(seconds)
            self._left[_kind(stage)] -= 1

    def line(self) -> str:
        """Return "7 of 40 stages, left: about 4 min and 1 report".

        As long as the kind's stages that ended, and as many side by side as until now. A kind of
        which none has ended yet is named instead.
        """
        with self._lock:
            elapsed = time.monotonic() - self._start
            worked = sum(map(sum, self._seconds.values()))
            lanes = max(1.0, worked / elapsed) if elapsed else 1.0
            left = {kind: count for kind, count in self._left.items() if count}
            known = {kind: sum(of) / len(of) for kind, of in self._seconds.items()}
            ended = self._total - sum(left.values())
        line = f"{ended} of {self._total} stages"
        if not left:
            return f"{line}, {_span(elapsed)}"
        seconds = sum(count * known.get(kind, 0) for kind, count in left.items()) / lanes
        unknown = [f"{count} {kind}" for kind, count in left.items() if kind not in known]
        parts = [f"about {_span(seconds)}"] if seconds else []
        return f"{line}, left: {' and '.join([*parts, *unknown])}"


def _kind(stage: str) -> str:
    """Return the step of a stage: train of train-compared@viper-cls-0."""
    return stage.split("@", maxsplit=1)[0].split("-", maxsplit=1)[0]


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
