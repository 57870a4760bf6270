"""Random numbers: one seed, a generator for every purpose."""

import zlib

import numpy as np

from mtdnet.errors import InputError


def generator(seed: int, name: str) -> np.random.Generator:
    """Return the generator of one purpose: draws under one ``name`` never shift another's.

    Raises InputError for a negative seed.
    """
    if seed < 0:
        raise InputError(f"seed must not be negative, found {seed}")
    return np.random.default_rng([seed, zlib.crc32(name.encode())])
