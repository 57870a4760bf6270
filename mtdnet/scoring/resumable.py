"""Eight-fold scores on disk: of any number, and a scoring that was stopped continues."""

import hashlib
import os
import sys
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from torch import Tensor

from mtdnet.errors import Stopped
from mtdnet.files import read_json, whole, write_json
from mtdnet.provenance import fingerprint
from mtdnet.scoring.scorer import Rows, Scorer, Scores, Tile, progress, tiling

MARK, SCORES, DONE = "mark.json", "scores.npy", "done.npy"


def probabilities(
    scorer: Scorer, pixels: Tensor, query: Rows, gallery: Rows, network: Path, folder: Path
) -> Scores:
    """Return what ``Scorer.probabilities`` does, (Q, G), memory-mapped from ``folder``.

    Each tile is kept there as soon as it is scored: the same call goes on where a former one was
    stopped or killed, if ``network`` (the file of the scorer's weights), rows and images are the
    same. Raises Stopped after SIGINT (or SIGTERM, which the commands turn into it).
    """
    tiles = tiling(len(query), len(gallery))
    mark = _mark(scorer, pixels, query, gallery, network, tiles[0])
    if not _is_of(folder, mark):
        _begin(folder, mark, (len(query), len(gallery)), len(tiles))
    scores, done = (np.load(folder / name, mmap_mode="r+") for name in (SCORES, DONE))
    place = {(rows.start, columns.start): n for n, (rows, columns) in enumerate(tiles)}
    rest = [tile for tile, kept in zip(tiles, done, strict=True) if not kept]
    left = sum(scores[tile].size for tile in rest)
    try:
        with progress(8 * scores.size, 8 * (scores.size - left)) as bar:
            for tile, part in scorer.tiles(pixels, query, gallery, rest, 8, bar.update):
                scores[tile] = part
                scores.flush()  # on disk before it counts as done
                done[place[tile[0].start, tile[1].start]] = 1
                done.flush()
    except KeyboardInterrupt:
        kept = f"{np.count_nonzero(done)} of {len(tiles)} tiles"
        raise Stopped(f"{folder}: stopped with {kept} scored; kept") from None
    found: Scores = scores
    return found


def _mark(
    scorer: Scorer, pixels: Tensor, query: Rows, gallery: Rows, network: Path, tile: Tile
) -> str:
    """Return a fingerprint of all that the scores and their tiles come from."""
    images = hashlib.sha256()
    for row in (*query.tolist(), *gallery.tolist()):
        images.update(pixels[row].cpu().numpy().tobytes())
    told = {
        "queries": len(query),
        "gallery": len(gallery),
        "images": images.hexdigest(),
        "tile": [first.stop for first in tile],
        "computed": [str(scorer.device), str(scorer.type)],
    }
    return fingerprint(told, [network])


def _is_of(folder: Path, mark: str) -> bool:
    if not (folder / MARK).is_file():
        return False
    same = bool(read_json(folder / MARK) == mark)
    if not same:
        print(f"{folder}: of another network or other images; begins anew", file=sys.stderr)
    return same


def _begin(folder: Path, mark: str, shape: tuple[int, int], tiles: int) -> None:
    """Make the folder, with room on disk for all scores: a full disk shows now, as OSError."""
    with whole(folder) as draft:
        draft.mkdir()
        open_memmap(draft / DONE, "w+", np.uint8, (tiles,)).flush()
        open_memmap(draft / SCORES, "w+", np.float32, shape).flush()
        with (draft / SCORES).open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, (draft / SCORES).stat().st_size)
        write_json(draft / MARK, mark)
