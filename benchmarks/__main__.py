"""``python -m benchmarks``: measure the pieces of work and write ``benchmarks/results.md``.

Each piece is kept as soon as it is measured, so a run that was stopped, or that ``--minutes`` ends,
goes on with the next piece when it is called again. A piece measured at this commit on this machine
is not measured again.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from tempfile import TemporaryDirectory
from time import monotonic
from types import ModuleType
from typing import Any

import torch

from benchmarks import machine, table, work
from benchmarks.rows import NotMeasured, Place
from mtdnet import device, errors, params, steps
from mtdnet.device import Device
from mtdnet.errors import InputError
from mtdnet.provenance import commit

HERE = Path(__file__).parent
EARLY = ", ended early"  # beside the commit of rows whose piece was stopped
PIECES = sorted(module.name for module in iter_modules(work.__path__))


def run(names: Sequence[str], minutes: float, again: bool, gpu: bool, folder: Path = HERE) -> None:
    """Measure pieces and write the tables to ``folder``; InputError names an unknown piece."""
    for name in names:
        if name not in PIECES:
            raise InputError(f"no benchmark '{name}'; known: {', '.join(PIECES)}")
    end = monotonic() + 60 * minutes
    places: dict[bool, tuple[Device, float]] = {}
    for name in names or [piece for piece in PIECES if _on_gpu(piece) or not gpu]:
        piece = import_module(f"benchmarks.work.{name}")
        needs = _on_gpu(name)
        if needs and not torch.cuda.is_available():
            _keep(folder, name, _missing(piece, "no GPU"))
            continue
        if needs not in places:
            place = device.choose() if needs else machine.processor()
            places[needs] = place, machine.peak(place)
        place, peak = places[needs]
        former = table.read(folder).get(name, {})
        if not again and (former.get("commit"), former.get("device")) == (commit(), place.name):
            print(f"{name}: measured already")
            continue
        if monotonic() > end:
            print(f"{name}: no time left; the same command goes on with it")
            break
        print(f"{name}: {_title(piece)}", flush=True)
        for found in _measured(piece, place, peak):
            _keep(folder, name, found)


def _on_gpu(name: str) -> bool:
    """Say whether a piece needs a GPU: by its name, for others' imports may be missing there."""
    return name.endswith("_gpu")


def _measured(piece: ModuleType, place: Device, peak: float) -> Iterator[dict[str, Any]]:
    """Yield what is found so far after each row, and all at the end: a piece may be killed."""
    code = commit()
    found: dict[str, Any] = {
        "title": _title(piece),
        "machine": machine.named(place, peak),
        "device": place.name,
        "commit": f"{code}{EARLY}",
        "date": datetime.now(UTC).date().isoformat(),
        "rows": [],
    }
    with TemporaryDirectory(prefix="mtdnet-bench-") as scratch:
        try:
            for row in piece.measure(Place(place, peak, Path(scratch), *_trained())):
                print(f"  {table.plain(row)}", flush=True)
                found = found | {"rows": [*found["rows"], table.plain(row)]}
                yield found
        except NotMeasured as reason:
            yield _missing(piece, str(reason))
            return
    yield found | {"commit": code}


def _missing(piece: ModuleType, reason: str) -> dict[str, Any]:
    return {"title": _title(piece), "missing": reason}


def _title(piece: ModuleType) -> str:
    return (piece.__doc__ or "").splitlines()[0].rstrip(".")


def _keep(folder: Path, name: str, found: dict[str, Any]) -> None:
    """Keep what was found; figures are not replaced by their absence, nor by a part of them."""
    results = table.read(folder)
    whole = not found.get("commit", EARLY).endswith(EARLY)
    if whole or len(found.get("rows", [])) >= len(results.get(name, {}).get("rows", [])):
        results[name] = found
    table.write(dict(sorted(results.items())), folder)


def _trained() -> tuple[Path | None, Path | None, Path | None]:
    """Return what the project has of its source: network, ingested images, ImageNet weights."""
    if not Path("params.yaml").exists():
        return None, None, None
    told = params.load().pretrain
    network = steps.model(told.source, 0, "mtdnet") / "network.safetensors"
    images, weights = steps.ingested(told.source), Path(told.weights) if told.weights else None
    return (
        network if network.is_file() else None,
        images if images.is_dir() else None,
        weights if weights and weights.is_file() else None,
    )


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("pieces", nargs="*", help=f"({', '.join(PIECES)})")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin none after")
    parser.add_argument("--again", action="store_true", help="measure what was measured already")
    parser.add_argument("--gpu", action="store_true", help="only what needs a GPU")
    told = parser.parse_args()
    return errors.status(lambda: run(told.pieces, told.minutes, told.again, told.gpu))


if __name__ == "__main__":
    sys.exit(main())
