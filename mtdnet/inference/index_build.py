"""Building an index: block by block, stopped and continued by the same call."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from torch import Tensor
from tqdm import tqdm

from mtdnet.errors import InputError, Stopped
from mtdnet.files import whole
from mtdnet.inference import index_store as store
from mtdnet.inference.features import Describer, packed, pixels
from mtdnet.inference.image_files import listed, unchanged
from mtdnet.inference.readable import readable
from mtdnet.interrupt import Stop
from mtdnet.tables import write_table

BLOCK = 64  # images in memory at a time; their halves are 66 MB at the paper's width


def build(gallery: Path, target: Path, network: Path, halves: bool = True) -> store.Facts:
    """Index the image files below a folder as a network sees them; return the index's facts.

    It grows as ``target`` + ".unfinished" and gets its own name when it is whole. A finished one
    of the same files and network is left as it is. A file that can't be read is named on standard
    error and left out. Raises InputError when the index was made or begun with another network or
    other files, the disk is too small, or another process builds it; Stopped after SIGINT or
    SIGTERM: the same call continues.
    """
    describer, files = Describer(network), listed(gallery)
    facts = store.Facts(
        images=str(gallery.resolve()),
        network=describer.sha256,
        features=describer.features,
        halves=describer.channels if halves else 0,
        grid=describer.grid,
        sums=True,
    )
    if target.exists():
        if not store.is_index(target):
            raise InputError(f"{target}: is there and is no index; give --out another name")
        return _same(target, facts, files)
    begun = target.with_name(f"{target.name}.unfinished")
    with _alone(begun):
        own = _same(begun, facts, files) if store.is_index(begun) else facts
        _room(begun, target, own, len(files))
        for name, (shape, kind) in own.arrays(len(files)).items():
            store.reserve(begun / name, shape, kind)
        with whole(begun / store.FILES) as draft:
            write_table(files, draft)
        own.write(begun)
        own = _fill(begun, own, files, describer)
        begun.rename(target)
    return own


def _fill(begun: Path, facts: store.Facts, files: pa.Table, describer: Describer) -> store.Facts:
    home, done = Path(facts.images), facts.done

    def load(some: Sequence[dict[str, Any]]) -> Tensor:
        return pixels([unchanged(home, row) for row in some], describer.size)

    bar = tqdm(total=len(files), initial=done, desc="index", unit=" images", disable=None)
    with bar, Stop() as stop:
        for start in range(done, len(files), BLOCK):
            if stop.requested:
                raise Stopped(f"stopped with {start:,} of {len(files):,} images indexed")
            rows = files.slice(start, BLOCK).to_pylist()
            there, some = readable(rows, load)
            if some is not None:
                features, seen = describer.describe(some, facts.halves > 0)
                made = {store.FEATURES: features.cpu().numpy()}
                if seen:
                    made[store.HALVES] = packed(seen).cpu().numpy()
                spread = {name: _spread(v, there, len(rows)) for name, v in made.items()}
                _write(begun, facts, start, spread)
            lacking = set(range(len(rows))) - set(there)
            # Only what has reached the disk counts as done.
            left_out = *facts.left_out, *(start + row for row in sorted(lacking))
            facts = facts.model_copy(update={"done": start + len(rows), "left_out": left_out})
            facts.write(begun)
            bar.update(len(rows))
    return facts


def _write(begun: Path, facts: store.Facts, start: int, arrays: dict[str, store.Array]) -> None:
    """Write the arrays of a block of images, with their checksums where the index has them."""
    if facts.sums:
        parts = [arrays[store.FEATURES]]
        if store.HALVES in arrays:
            parts += [arrays[store.HALVES][:, side, mirror] for side, mirror in np.ndindex(2, 2)]
        arrays[store.SUMS] = np.stack([store.checksums(part) for part in parts], 1)
    for name, rows in arrays.items():
        store.write(begun / name, start, rows)


def _spread(values: store.Array, rows: list[int], count: int) -> store.Array:
    """Return ``values`` as those of ``rows`` among ``count``, the others 0."""
    if len(rows) == count:
        return values
    spread = np.zeros((count, *values.shape[1:]), values.dtype)
    spread[rows] = values
    return spread


def _same(index: Path, facts: store.Facts, files: pa.Table) -> store.Facts:
    """Return the facts of an index, whole or begun; InputError when it is of others.

    Files that come after those which are done may have changed: a broken one was taken away.
    """
    own, there = store.read(index)
    again = "remove it to index anew, or give --out another name"
    if own.network != facts.network:
        raise InputError(f"{index}: made with another network; {again}")
    if own.halves != facts.halves:
        raise InputError(f"{index}: made {'with' if own.halves else 'without'} halves; {again}")
    finished = own.done == len(there)
    before, now = (
        (there, files) if finished else (each.slice(0, own.done) for each in (there, files))
    )
    if own.images != facts.images or not before.equals(now):
        raise InputError(f"{index}: the files below {facts.images} are others now; {again}")
    return own


def _room(begun: Path, target: Path, facts: store.Facts, count: int) -> None:
    """Raise InputError when the disk has no room for the images that aren't done yet."""
    need, free = facts.bytes(count - facts.done), shutil.disk_usage(begun).free
    if need > free:
        less = ""
        if facts.halves:
            small = facts.model_copy(update={"halves": 0}).bytes(count) / 1e9
            less = f", or index with --features-only: {small:.1f} GB"
        raise InputError(
            f"{target}: {count:,} images need {need / 1e9:.1f} GB more, {free / 1e9:.1f} GB are "
            f"free; make room{less}"
        )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold a folder for this process, which makes it; the lock goes with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"{folder}: another process builds it; wait for that one") from None
        yield
    finally:
        with suppress(OSError):  # it holds what is done, or has its own name now
            folder.rmdir()
        os.close(handle)
