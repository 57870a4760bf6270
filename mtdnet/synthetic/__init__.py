"""Drawn people in the layouts of the five benchmarks, or before own cameras, for demo and tests."""

from collections.abc import Mapping
from pathlib import Path

from tqdm import tqdm

from mtdnet.errors import InputError
from mtdnet.files import whole

DEMO = {"cuhk03": 700, "cuhk01": 240, "viper": 200, "ilids": 119, "prid2011": 110}
LIMITS = {"cuhk03": 1467, "cuhk01": 971, "viper": 632, "ilids": 119, "prid2011": 200, "shop": 9999}
LEAST = 8
NOTE = "Drawn people in the layout of {}: made by python -m mtdnet.synthetic, seed {}.\n"
NOTE_NAME = "DRAWN.txt"


def write(out: Path, *, persons: Mapping[str, int] = DEMO, seed: int = 0) -> None:
    """Draw benchmarks in their native layouts, each in ``out``/{benchmark}, whole or not at all.

    ``persons``: benchmark -> how many persons, at least 8 and at most as many as the real one
    has; for PRID 2011 those in both cameras, and twice as many of one camera alone come on top.
    ``shop`` is a table of own cameras.
    The same seed gives the same bytes, if Pillow, NumPy and HDF5 are of the same versions.

    A drawn folder is replaced. Raises InputError, before anything is drawn, when a folder with
    other content is in the way, and for an unknown benchmark, a wrong number or a negative seed.
    """
    from mtdnet.synthetic import cuhk03, layouts
    from mtdnet.synthetic.studio import Studio

    writers = {
        "cuhk03": cuhk03.write,
        "cuhk01": layouts.cuhk01,
        "viper": layouts.viper,
        "ilids": layouts.ilids,
        "prid2011": layouts.prid2011,
        "shop": layouts.table,
    }
    if seed < 0:
        raise InputError(f"seed must not be negative, found {seed}")
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; name a folder to draw into")
    for benchmark, count in persons.items():
        _check(out / benchmark, benchmark, count)
    total = sum(3 * n if benchmark == "prid2011" else n for benchmark, n in persons.items())
    with tqdm(total=total, unit="person", disable=None) as bar:
        for benchmark, count in persons.items():
            bar.set_description(benchmark)
            with whole(out / benchmark) as draft:
                draft.mkdir()
                writers[benchmark](draft, count, Studio(benchmark, seed, bar.update))
                (draft / NOTE_NAME).write_text(NOTE.format(benchmark, seed), encoding="utf-8")


def _check(target: Path, benchmark: str, count: int) -> None:
    """Raise InputError for a benchmark that can't be drawn there."""
    if benchmark not in LIMITS:
        raise InputError(f"no benchmark '{benchmark}' to draw; known: {', '.join(LIMITS)}")
    if not LEAST <= count <= LIMITS[benchmark]:
        raise InputError(
            f"{benchmark}: {LEAST} to {LIMITS[benchmark]} persons can be drawn, found {count}"
        )
    free = not target.exists() or (target.is_dir() and not any(target.iterdir()))
    if not free and not (target / NOTE_NAME).is_file():
        raise InputError(f"{target}: holds something else; move it away or draw elsewhere")
