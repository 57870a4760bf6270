"""A network's file: the one that is named, a version's in a registry, or the released one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory

from mtdnet.errors import InputError
from mtdnet.networks.header import FILE

REGISTRY = "models:/"
RELEASED = "released"  # the name of the network for real people that goes with the repository
GROUP = "mtdnet.models"  # entry points that fetch: "registry" and "released"
VARIABLE = "MTDNET_MODEL"


@contextmanager
def fetched(chosen: str) -> Iterator[Path]:
    """Yield the network's file, which may go away after the block.

    ``chosen``: a file, a model folder, ``models:/NAME@ALIAS``, ``models:/NAME/VERSION``, or
    ``RELEASED``. Raises InputError when a registry has no such model, the pipeline is not
    installed, or there is no released network here.
    """
    if chosen != RELEASED and not chosen.startswith(REGISTRY):
        path = Path(chosen)
        yield path / FILE if path.is_dir() else path
        return
    with TemporaryDirectory(prefix="mtdnet-") as room:
        yield _fetch(chosen, Path(room))


def users() -> Path:
    """Return where a user's own network stands, or would."""
    configured = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return configured / "mtdnet" / FILE


def _fetch(chosen: str, room: Path) -> Path:
    name = RELEASED if chosen == RELEASED else "registry"
    try:
        fetch = next(iter(entry_points(group=GROUP, name=name))).load()
    except (ImportError, StopIteration):
        if chosen == RELEASED:
            raise _none("the released one needs a checkout and mtdnet[pipeline]") from None
        raise InputError(f"{chosen}: install mtdnet[pipeline] to load from a registry") from None
    try:
        file: Path = fetch(chosen, room)
    except InputError as problem:
        raise (_none(f"the released one: {problem}") if chosen == RELEASED else problem) from None
    return file


def _none(why: str) -> InputError:
    return InputError(
        f"no network to ask ({why}); name one: --model FILE, or {VARIABLE}, or put it at {users()}"
    )
