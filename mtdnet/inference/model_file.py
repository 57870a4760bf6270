"""A network's file: the one that is named, or a version's in a registry."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory

from mtdnet.errors import InputError

FILE = "network.safetensors"
REGISTRY = "models:/"
GROUP = "mtdnet.models"  # entry points that fetch from a registry


@contextmanager
def fetched(chosen: str) -> Iterator[Path]:
    """Yield the network's file, which may go away after the block.

    ``chosen``: a file, a model folder, or ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``.
    Raises InputError when a registry has no such model, or the pipeline is not installed.
    """
    if not chosen.startswith(REGISTRY):
        path = Path(chosen)
        yield path / FILE if path.is_dir() else path
        return
    try:
        fetch = next(iter(entry_points(group=GROUP))).load()
    except (ImportError, StopIteration):
        raise InputError(f"{chosen}: install mtdnet[pipeline] to load from a registry") from None
    with TemporaryDirectory(prefix="mtdnet-") as room:
        yield fetch(chosen, Path(room))
