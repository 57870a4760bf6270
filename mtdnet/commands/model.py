"""Which network is asked: a file, a version in a registry, or the project's own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory

from mtdnet.commands.step import project
from mtdnet.errors import InputError

VARIABLE = "MTDNET_MODEL"
FILE = "network.safetensors"
REGISTRY = "models:/"
GROUP = "mtdnet.models"  # entry points that fetch from a registry


def named(given: str | None, parameters: Path) -> str:
    """Return the name of the network to ask.

    The one ``given``, else the environment variable's, else that of the source network of the
    project that ``parameters`` belong to, else the user's own below ``~/.config/mtdnet``. Raises
    InputError when there is none of them.
    """
    if chosen := given or os.environ.get(VARIABLE):
        return chosen
    looked = ""
    if parameters.is_file():
        from mtdnet import params, steps  # who names a network needn't wait for them

        own = steps.model(params.load(parameters).pretrain.source, 0, "mtdnet") / FILE
        folder = project(parameters)
        own = own if folder == Path.cwd() else folder / own
        if own.is_file():
            return str(own)
        looked = f" ({own} is not there)"
    configured = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    if (users := configured / "mtdnet" / FILE).is_file():
        return str(users)
    raise InputError(
        f"no network to ask{looked}; name one: --model FILE, or {VARIABLE}, or put it at {users}"
    )


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
