"""An index that was stopped, killed or begun wrongly."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mtdnet.errors import InputError, Stopped
from mtdnet.inference import index_build as module
from mtdnet.inference import index_store
from mtdnet.inference.features import packed, pixels, unpacked
from mtdnet.inference.image_files import images
from mtdnet.inference.index_build import build
from mtdnet.inference.index_store import HALVES, Array, write
from mtdnet.inference.search import Gallery

Seen = list[Path]

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """Make blocks of four images; return the list of those that are read."""
    read: Seen = []

    def reading(files: list[Path], size: tuple[int, int]) -> torch.Tensor:
        read.extend(files)
        return pixels(files, size)

    monkeypatch.setattr(module, "BLOCK", 4)
    monkeypatch.setattr(module, "pixels", reading)
    return read


def content(index: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in index.iterdir()}


def stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def fail() -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(("end", "error", "kept"), [(stop, Stopped, 8), (fail, OSError, 4)])
def test_what_ended_early_continues(
    end: Callable[[], None],
    error: type[Exception],
    kept: int,
    shop: Path,
    networks: dict[str, Path],
    seen: Seen,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    index = shop.parent / "index"

    def writing(target: Path, start: int, rows: Array) -> None:
        if target.name == HALVES and start == 4:
            end()
        write(target, start, rows)

    with monkeypatch.context() as patch:
        patch.setattr(index_store, "write", writing)
        with pytest.raises(error):
            build(shop, index, networks["trained"])
    assert not index.exists()
    with pytest.raises(InputError, match=f"{kept} of 14 images are indexed; give the command"):
        Gallery(shop.parent / "index.unfinished", networks["trained"])
    seen.clear()
    build(shop, index, networks["trained"])
    assert seen == [file.resolve() for file in images(shop)[kept:]]
    assert not (shop.parent / "index.unfinished").exists()
    build(shop, shop.parent / "again", networks["trained"])
    assert content(index) == content(shop.parent / "again")
    seen.clear()
    build(shop, index, networks["trained"])
    assert not seen


@pytest.mark.usefixtures("float32")
def test_a_block_of_broken_images_is_left_out_and_the_rest_is_as_without_it(
    shop: Path, networks: dict[str, Path]
) -> None:
    broken = images(shop)[4:9]  # a whole block, and one of the next
    for file in broken:
        file.write_bytes(b"<html>")
    facts = build(shop, shop.parent / "index", networks["random"])
    assert (facts.done, facts.left_out) == (14, (4, 5, 6, 7, 8))
    assert build(shop, shop.parent / "index", networks["random"]) == facts
    for file in broken:
        file.unlink()
    build(shop, shop.parent / "again", networks["random"])
    rows = [row for row in range(14) if row not in facts.left_out]
    for name in ("features.npy", "halves.npy"):
        own, other = (np.load(shop.parent / index / name) for index in ("index", "again"))
        np.testing.assert_allclose(own[rows], other, atol=1e-3)
        assert not own[list(facts.left_out)].any()


@pytest.mark.parametrize("whole", [True, False])
def test_one_line_for_an_index_of_something_else(
    whole: bool, shop: Path, networks: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = shop.parent / "index"
    if not whole:

        def writing(target: Path, start: int, rows: Array) -> None:
            if start == 8:
                fail()
            write(target, start, rows)

        with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
            patch.setattr(index_store, "write", writing)
            build(shop, index, networks["random"])
    else:
        build(shop, index, networks["random"])
    with pytest.raises(InputError, match="made with another network; remove it"):
        build(shop, index, networks["trained"])
    with pytest.raises(InputError, match="made with halves; remove it"):
        build(shop, index, networks["random"], halves=False)
    shutil.copytree(shop, shop.parent / "other")
    with pytest.raises(InputError, match=r"the files below .*/other are others now"):
        build(shop.parent / "other", index, networks["random"])
    images(shop)[0].unlink()
    with pytest.raises(InputError, match=r"the files below .*/shop are others now"):
        build(shop, index, networks["random"])


def test_one_line_for_a_full_disk_and_two_at_once(
    shop: Path, networks: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = shop.parent / "index"
    busy = pytest.raises(InputError, match=r"index\.unfinished: another process builds it")
    with module._alone(shop.parent / "index.unfinished"), busy:
        build(shop, index, networks["random"])
    usage = SimpleNamespace(free=14 * (512 / 16 + 1) * 4)  # bytes: features and their checksums
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    with pytest.raises(InputError, match=r"14 images need 0\.0 GB more.*--features-only"):
        build(shop, index, networks["random"])
    assert not (shop.parent / "index.unfinished").exists()
    build(shop, index, networks["random"], halves=False)
    assert len(Gallery(index, networks["random"])) == 14


def test_halves_come_back_as_they_were() -> None:
    halves = torch.randn(6, 13, 13, 8), torch.randn(6, 13, 13, 8)
    kept = packed(halves)
    assert kept.shape == (3, 2, 2, 13, 13, 8)
    assert torch.equal(kept[1, 0, 1], halves[0][4].half())  # left of the second, mirrored
    for side, own in zip(unpacked(kept), halves, strict=True):
        assert torch.equal(side, own.half())
