"""Work that torch compiles when it is first done."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from mtdnet.errors import InputError


@contextmanager
def compiling(what: str) -> Iterator[None]:
    """Turn a failure of the compiler into InputError, one line that names the remedy."""
    try:
        yield
    except torch._dynamo.exc.BackendCompilerFailed as problem:
        line = str(problem).splitlines()[0]
        raise InputError(
            f"`compile`: {what} can't be compiled ({line}); "
            "install a C++ compiler (g++, or name it in CXX), or set `compile: false`"
        ) from None
