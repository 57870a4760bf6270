"""mtdnet: person re-identification by ranking and pair classification in one network."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mtdnet.interrupt import hear_early

if TYPE_CHECKING:
    from mtdnet.inference.search import Gallery
    from mtdnet.inference.verifier import Verifier

__all__ = ["Gallery", "Verifier", "__version__"]

hear_early()  # before anything that takes time to import

_INTERFACE = {"Gallery": "mtdnet.inference.search", "Verifier": "mtdnet.inference.verifier"}


def __getattr__(name: str) -> Any:
    """Import what is asked for: torch takes seconds, and who wants the version needs none."""
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("mtdnet")
        except PackageNotFoundError:  # run from its folder, where it wasn't installed
            return "unknown"
    if name in _INTERFACE:
        return getattr(import_module(_INTERFACE[name]), name)
    raise AttributeError(f"module 'mtdnet' has no attribute '{name}'")
