"""``cuhk-03.mat``: MATLAB v7.3, which is HDF5 with every array transposed."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mtdnet.data.decode import PIXELS, is_page
from mtdnet.data.scan import Entry
from mtdnet.errors import InputError, reason

NAME = "cuhk-03.mat"
PAIRS = (1, 2, 3)  # camera pairs of the protocol; the file has five
VIEWS = "ab"
IMAGES = 5  # cells a view: 0 to 4 are view 1, 5 to 9 view 2


def contents(file: Path, boxes: str) -> tuple[list[Entry], list[list[str]]]:
    """Return the images of camera pairs 1 to 3 and the published test sets.

    A path is ``cuhk-03.mat#labeled/PAIR/PPP/V/II``, all from 1, II from 1 to 10 over both views.
    Empty cells have no entry. Raises InputError when the file isn't CUHK03's.
    """
    entries = []
    with _open(file) as f, _damage(file):
        pairs, sets = _references(f, boxes), _references(f, "testsets")
        for pair, reference in zip(PAIRS, pairs[0], strict=False):
            cells = f[reference][()]  # references, (10, persons)
            for (cell, row), image in np.ndenumerate(cells):
                if f[image].ndim == 3:  # an empty cell has fewer axes
                    view, person = cell // IMAGES, f"{row + 1:03d}"
                    at = f"{boxes}/{pair}/{person}/{view + 1}/{cell + 1:02d}"
                    entry = Entry(f"{pair}_{person}", f"{pair}{VIEWS[view]}", f"{NAME}#{at}")
                    entries.append(entry)
        listed = [f[reference][()].astype(int) for reference in sets[0]]  # (2, 100): pair, person
    return entries, [[f"{p}_{n:03d}" for p, n in pairs.T] for pairs in listed]


def read(home: Path, paths: Sequence[str]) -> Iterator[tuple[Image.Image, str]]:
    """Yield each cell as an RGB picture, with the SHA-256 of its pixels (H, W, 3)."""
    file = home / NAME
    with _open(file) as f:
        for path in paths:
            boxes, pair, person, _, image = path.partition("#")[2].split("/")
            with _damage(file):
                cells = f[_references(f, boxes)[0, int(pair) - 1]]
                stored = f[cells[int(image) - 1, int(person) - 1]]
                kind = f"{stored.dtype} {stored.shape}"
                fits = stored.dtype == np.uint8 and stored.ndim == 3 and stored.shape[0] == 3
                if not fits or stored.size > 3 * PIXELS or stored.external:
                    raise InputError(
                        f"{home / path}: expected uint8 (3, width, height) of at most {PIXELS:,} "
                        f"pixels in the file itself, found {kind}; unpack the file again"
                    )
                upright = np.ascontiguousarray(stored[()].T)
            yield Image.fromarray(upright), hashlib.sha256(upright.data).hexdigest()


@contextmanager
def _open(file: Path) -> Iterator[h5py.File]:
    """Open for reading; InputError when the file is of another kind."""
    with file.open("rb") as stream:
        head = stream.read(128)
    if is_page(head):
        raise InputError(f"{file}: a web page, not data; download the benchmark again in a browser")
    if head.startswith(b"MATLAB 5.0"):
        raise InputError(
            f"{file}: MATLAB's older format, not v7.3; take the file as it was published"
        )
    with _damage(file):  # without a lock, which folders on a network often don't have
        f = h5py.File(file, "r", locking=False)
    with f:
        yield f


@contextmanager
def _damage(file: Path) -> Iterator[None]:
    """Turn what HDF5 raises into an InputError; around its calls alone, not around a caller's."""
    try:
        yield
    except InputError:
        raise
    except Exception as problem:  # of any kind: HDF5 reads what strangers wrote
        line = f"not a whole MATLAB v7.3 file ({reason(problem)}); unpack it again"
        raise InputError(f"{file}: {line}") from None


def _references(f: h5py.File, key: str) -> NDArray[Any]:
    """Return the references (1, N) that stand under a key of the file's root."""
    if key not in f:
        raise InputError(f"{f.filename}: no key '{key}', only {', '.join(f) or 'none'}")
    if isinstance(f.get(key, getlink=True), h5py.ExternalLink):
        raise InputError(f"{f.filename}: key '{key}' is in another file; not CUHK03's file")
    dataset = f[key]
    if not isinstance(dataset, h5py.Dataset) or h5py.check_ref_dtype(dataset.dtype) is None:
        raise InputError(f"{f.filename}: key '{key}' isn't a list of cells; not CUHK03's file")
    references: NDArray[Any] = dataset[()]
    return references
