"""Ingest and augment: what is there before anything is trained."""

from typing import TYPE_CHECKING, Any

from mtdnet.errors import InputError
from mtdnet.params import Params
from mtdnet.steps.folders import DATA, augmented, ingested

if TYPE_CHECKING:
    from mtdnet.artifacts import SplitCounts


def ingest(params: Params, benchmark: str) -> dict[str, Any]:
    """Read a benchmark's native layout; return its counts."""
    from mtdnet.data.ingest import ingest as run

    section = params.ingest
    if benchmark not in section.layouts:
        known = ", ".join(section.layouts)
        raise InputError(f"ingest.layouts: no benchmark '{benchmark}'; known: {known}")
    return run(
        source=DATA / benchmark,
        benchmark=benchmark,
        layout=section.layouts[benchmark],
        out=ingested(benchmark),
        boxes=section.boxes,
        trunk=params.trunk,
    )


def augment(params: Params, benchmark: str, split: int) -> "SplitCounts":
    """Draw an identity split of a benchmark and its triplets; return their counts."""
    from mtdnet.protocol.augment import augment as run

    return run(
        ingested=ingested(benchmark),
        out=augmented(benchmark, split),
        settings=params.augment,
        seed=params.seed,
        number=split,
    )
