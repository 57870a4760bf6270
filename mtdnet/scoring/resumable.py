"""Eight-fold scores on disk: of any number, and a scoring that was stopped continues."""

import hashlib
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.lib.format import open_memmap
from torch import Tensor

from mtdnet.errors import Stopped
from mtdnet.files import read_array, read_json, whole, write_json
from mtdnet.provenance import fingerprint
from mtdnet.scoring.scorer import Scorer
from mtdnet.scoring.tiles import Rows, Scores, Tile, progress, tiling

MARK, SCORES, DONE = "mark.json", "scores.npy", "done.npy"


def probabilities(
    scorer: Scorer, pixels: Tensor, query: Rows, gallery: Rows, network: Path, folder: Path
) -> Scores:
    """Return what ``Scorer.probabilities`` does, (Q, G), memory-mapped from ``folder``.

    Each tile is kept there as soon as it is scored: the same call goes on where a former one was
    stopped or killed, if ``network`` (the file of the scorer's weights), rows and images are the
    same and each tile has its checksum; else it begins anew and says so. Raises Stopped after
    SIGINT (or SIGTERM, which the commands turn into it).
    """
    tiles = tiling(len(query), len(gallery))
    mark = _mark(scorer, pixels, query, gallery, network, tiles[0])
    shape = len(query), len(gallery)
    if folder.exists() and (wrong := _wrong(folder, mark, shape, tiles)):
        print(f"{folder}: {wrong}; begins anew", file=sys.stderr)
        shutil.rmtree(folder)
    if not folder.exists():
        _begin(folder, mark, shape, len(tiles))
    scores, done = (read_array(folder / name, "r+") for name in (SCORES, DONE))
    place = {(rows.start, columns.start): n for n, (rows, columns) in enumerate(tiles)}
    rest = [tile for tile, complete in zip(tiles, done, strict=True) if not complete]
    left = sum(scores[tile].size for tile in rest)
    try:
        with progress(8 * scores.size, 8 * (scores.size - left)) as bar:
            for tile, part in scorer.tiles(pixels, query, gallery, rest, 8, bar.update):
                scores[tile] = part
                scores.flush()  # on disk before it counts as done
                done[place[tile[0].start, tile[1].start]] = _checksum(part)
                done.flush()
    except KeyboardInterrupt:
        complete = f"{np.count_nonzero(done)} of {len(tiles)} tiles"
        raise Stopped(f"{folder}: stopped with {complete} scored; kept") from None
    result: Scores = scores
    return result


def _mark(
    scorer: Scorer, pixels: Tensor, query: Rows, gallery: Rows, network: Path, tile: Tile
) -> str:
    """Return a fingerprint of all that the scores and their tiles come from."""
    images = hashlib.sha256()
    for row in (*query.tolist(), *gallery.tolist()):
        images.update(pixels[row].cpu().numpy().tobytes())
    facts = {
        "queries": len(query),
        "gallery": len(gallery),
        "images": images.hexdigest(),
        "tile": [first.stop for first in tile],
        "computed": [str(scorer.device), str(scorer.type)],
    }
    return fingerprint(facts, [network])


def _wrong(folder: Path, mark: str, shape: tuple[int, int], tiles: Sequence[Tile]) -> str:
    """Return what keeps a scoring from going on with what a folder holds; "" when nothing does."""
    try:
        if read_json(folder / MARK) != mark:
            return "of another network or other images"
        # Only to read: opened to be written, a short file would be filled up with zeros.
        scores, done = (read_array(folder / name) for name in (SCORES, DONE))
    except (OSError, ValueError):
        return "not whole"
    if (scores.shape, scores.dtype, done.shape) != (shape, np.float32, (len(tiles),)):
        return "of another shape"
    for tile, complete in zip(tiles, done.tolist(), strict=True):
        if complete and complete != _checksum(scores[tile]):
            return "changed since it was scored"
    return ""


def _checksum(part: Scores) -> int:
    """Return the CRC-32 of a tile's bytes, with a bit above so that it isn't 0."""
    return 1 << 32 | crc32(np.asarray(part, np.float32).tobytes())


def _begin(folder: Path, mark: str, shape: tuple[int, int], tiles: int) -> None:
    """Make the folder, with room on disk for all scores: a full disk shows now, as OSError."""
    with whole(folder) as draft:
        draft.mkdir()
        open_memmap(draft / DONE, "w+", np.uint64, (tiles,)).flush()
        open_memmap(draft / SCORES, "w+", np.float32, shape).flush()
        with (draft / SCORES).open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, (draft / SCORES).stat().st_size)
        write_json(draft / MARK, mark)
