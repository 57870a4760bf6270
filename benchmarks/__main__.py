"""``python -m benchmarks``: measure the pieces of work and write ``benchmarks/results.md``.

What a piece measured is written before the next begins.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import torch

from benchmarks import machine, table, work
from benchmarks.rows import NotMeasured, Place
from mtdnet import device, errors, params, steps
from mtdnet.errors import InputError
from mtdnet.provenance import commit

HERE = Path(__file__).parent
PIECES = sorted(module.name for module in iter_modules(work.__path__))


def run(names: Sequence[str], gpu: bool, folder: Path = HERE, data: Path | None = None) -> None:
    """Measure pieces and write the tables to ``folder``; InputError names an unknown piece."""
    for name in names:
        if name not in PIECES:
            raise InputError(f"no benchmark '{name}'; known: {', '.join(PIECES)}")
    for name in names or [piece for piece in PIECES if _on_gpu(piece) or not gpu]:
        piece = import_module(f"benchmarks.work.{name}")
        title = (piece.__doc__ or "").splitlines()[0].rstrip(".")
        print(f"{name}: {title}", flush=True)
        try:
            figures = _measured(piece, _on_gpu(name), data)
        except NotMeasured as reason:
            print(f"  {reason}")
            figures = {"missing": str(reason)}
        results = table.read(folder)
        if "rows" in figures or name not in results:  # figures outlive their absence
            results[name] = {"title": title, **figures}
        table.write(dict(sorted(results.items())), folder)


def _on_gpu(name: str) -> bool:
    """Say whether a piece needs a GPU: by its name, for others' imports may be missing there."""
    return name.endswith("_gpu")


def _measured(piece: ModuleType, gpu: bool, data: Path | None) -> dict[str, Any]:
    if gpu and not torch.cuda.is_available():
        raise NotMeasured("no GPU")
    place = device.choose() if gpu else machine.processor()
    peak, rows = machine.peak(place), []
    with TemporaryDirectory(prefix="mtdnet-bench-") as scratch:
        for row in piece.measure(Place(place, peak, Path(scratch), *_trained(), data=data)):
            rows.append(table.plain(row))
            print(f"  {rows[-1]}", flush=True)
    return {
        "machine": machine.named(place, peak),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "rows": rows,
    }


def _trained() -> tuple[Path | None, Path | None]:
    """Return what the project has of its source: network and ingested images."""
    if not Path("params.yaml").exists():
        return None, None
    source = params.load().pretrain.source
    network = steps.model(source, 0, "mtdnet") / "network.safetensors"
    images = steps.ingested(source)
    return network if network.is_file() else None, images if images.is_dir() else None


def main() -> int:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("pieces", nargs="*", help=f"({', '.join(PIECES)})")
    parser.add_argument("--gpu", action="store_true", help="only what needs a GPU")
    parser.add_argument("--data", type=Path, help="real benchmarks, for the pieces on rank-1")
    given = parser.parse_args()
    return errors.status(lambda: run(given.pieces, given.gpu, data=given.data))


if __name__ == "__main__":
    sys.exit(main())
