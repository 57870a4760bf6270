"""The pipeline with nothing to do: `dvc repro` and the flow."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from time import perf_counter

from benchmarks.rows import NotMeasured, Place, Ratio

ALLOWED = {"dvc repro": 5.0, "python -m flows.reproduce": 10.0}  # seconds


def measure(place: Place) -> Iterator[Ratio]:
    """Time each on the project in the current folder, which must be up to date."""
    if _run(["-m", "dvc", "status", "-q"])[0] != 0:
        raise NotMeasured("the project is not up to date; run `make demo` first")
    for command, allowed in ALLOWED.items():
        words = ["-m", *command.removeprefix("python -m ").split()]
        runs = [_run(words) for _ in range(3)]
        if any(status for status, _ in runs):
            raise NotMeasured(f"`{command}` failed")
        spent = min(seconds for _, seconds in runs)
        yield Ratio(
            work=f"`{command}`, all up to date",
            against=f"{allowed:g} s",
            unit="runs",
            own=1 / spent,
            other=1 / allowed,
            reach=1,
            notes={"seconds": round(spent, 2)},
        )


def _run(words: Sequence[str]) -> tuple[int, float]:
    start = perf_counter()
    done = subprocess.run([sys.executable, *words], capture_output=True, check=False)
    return done.returncode, perf_counter() - start
