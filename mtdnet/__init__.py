"""mtdnet: person re-identification by ranking and pair classification in one network."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("mtdnet")
except PackageNotFoundError:  # run from its folder, where it wasn't installed
    __version__ = "unknown"
