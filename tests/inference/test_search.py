"""The shortlist and its verdict against every pair, scored one by one."""

import os
from pathlib import Path

import numpy as np
import pytest

from mtdnet.errors import InputError
from mtdnet.inference import search
from mtdnet.inference.features import pixels
from mtdnet.inference.image_files import images
from mtdnet.inference.index_build import build
from mtdnet.inference.search import Gallery
from mtdnet.inference.verifier import Verifier

pytestmark = [pytest.mark.usefixtures("float32"), pytest.mark.slow]


@pytest.mark.parametrize("name", ["random", "trained", "ranking"])
@pytest.mark.parametrize("halves", [True, False])
def test_a_shortlist_of_all_is_the_whole_ranking(
    name: str,
    halves: bool,
    shop: Path,
    networks: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "BLOCK", 4)
    facts = build(shop, shop.parent / "index", networks[name], halves)
    assert (facts.halves > 0) == (halves and name != "ranking")
    gallery, plain = Gallery(shop.parent / "index", networks[name]), Verifier(networks[name])
    files = [file.resolve() for file in images(shop)]
    expected = plain.scores(shop.parent / "query.bmp", files)
    found = gallery.rank(shop.parent / "query.bmp", top=99)
    assert gallery.measure == plain.measure and len(gallery) == len(found) == 14
    scores = [expected[files.index(file)] for file, _ in found]
    assert np.ptp(scores) > 1e-3  # else the comparison says nothing
    close = 1e-4 if facts.halves else 1e-6
    np.testing.assert_allclose([score for _, score in found], scores, atol=close)
    best = np.argsort(expected if name == "ranking" else -expected)[:3]
    assert [file for file, _ in found[:3]] == [files[i] for i in best]


@pytest.mark.parametrize("name", ["random", "trained"])
def test_the_shortlist_is_the_nearest_by_ranking_features(
    name: str, shop: Path, networks: dict[str, Path]
) -> None:
    build(shop, shop.parent / "index", networks[name])
    gallery = Gallery(shop.parent / "index", networks[name])
    query, files = shop.parent / "query.bmp", [file.resolve() for file in images(shop)]
    scorer = gallery._describer.scorer
    rows = np.array([0]), np.arange(1, 15)
    distance = scorer.distances(pixels([query, *files], (227, 227)), *rows)[0]
    near = {files[i] for i in np.argsort(distance)[:4]}
    found = gallery.rank(query, top=2, shortlist=4)
    assert len(found) == 2 and {file for file, _ in found} < near
    assert {file for file, _ in gallery.rank(query, top=4, shortlist=1)} == near


@pytest.mark.parametrize("halves", [True, False])
def test_the_finalists_are_the_best_by_one_pass(
    halves: bool, shop: Path, networks: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FINALISTS", 4)
    monkeypatch.setattr(search, "BLOCK", 4)
    network = networks["random"]
    build(shop, shop.parent / "index", network, halves)
    query, files = shop.parent / "query.bmp", [file.resolve() for file in images(shop)]
    verifier = Verifier(network)
    every = dict(zip(files, verifier.scores(query, files), strict=True))
    gallery = Gallery(shop.parent / "index", network)
    scorer = gallery._describer.scorer
    rows = np.array([0]), np.arange(1, 15)
    once = scorer.probabilities(pixels([query, *files], (227, 227)), *rows, folds=1)[0]
    last = [files[i] for i in np.argsort(-once, kind="stable")[:4]]
    expected = sorted(last, key=lambda file: -every[file])[:3]
    found = gallery.rank(query, top=3)
    assert [file for file, _ in found] == expected
    assert set(expected) != set(sorted(files, key=lambda file: -every[file])[:3])


def test_the_query_itself_is_no_match(shop: Path, networks: dict[str, Path]) -> None:
    build(shop, shop.parent / "index", networks["random"])
    gallery = Gallery(shop.parent / "index", networks["random"])
    query = images(shop)[5]
    found = [file for file, _ in gallery.rank(query, top=13, shortlist=13)]
    assert len(found) == 13 and query.resolve() not in found


def test_a_file_that_was_touched_is_named_and_left_out(
    shop: Path, networks: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    index, query = shop.parent / "index", shop.parent / "query.bmp"
    build(shop, index, networks["random"])
    gallery = Gallery(index, networks["random"])
    before = gallery.rank(query, top=14)
    touched, gone = images(shop)[2].resolve(), images(shop)[5].resolve()
    os.utime(touched)
    gone.unlink()
    capsys.readouterr()
    found = gallery.rank(query, top=14)
    assert found == [match for match in before if match.file not in (touched, gone)]
    line = "changed or gone since it was indexed, index its folder anew; left out"
    told = capsys.readouterr().err.splitlines()
    assert sorted(told) == [f"{touched}: {line}", f"{gone}: {line}"]
    for file in images(shop):
        file.unlink()
    with pytest.raises(InputError, match="no image is left to rank; index it anew"):
        gallery.rank(query)


def test_a_broken_file_is_named_and_left_out(
    shop: Path, networks: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    files, query = [file.resolve() for file in images(shop)], shop.parent / "query.bmp"
    verifier = Verifier(networks["random"])
    whole = verifier.scores(query, files)
    for row in (3, 9):
        files[row].write_bytes(b"GIF89a")
    scores = verifier.scores(query, files)
    assert np.flatnonzero(np.isnan(scores)).tolist() == [3, 9]
    left = np.delete(np.arange(14), [3, 9])
    np.testing.assert_allclose(scores[left], whole[left], atol=1e-6)
    assert capsys.readouterr().err.count("fetch it again or remove it; left out") == 2
    facts = build(shop, shop.parent / "index", networks["random"])
    assert facts.left_out == (3, 9)
    assert capsys.readouterr().err.count("fetch it again or remove it; left out") == 2
    gallery = Gallery(shop.parent / "index", networks["random"])
    found = gallery.rank(query, top=12)
    assert len(gallery) == len(found) == 12
    assert {file for file, _ in found} == {files[row] for row in left}
    assert found[0].file == files[int(np.nanargmax(scores))]


def test_one_line_for_an_index_that_does_not_fit(shop: Path, networks: dict[str, Path]) -> None:
    index = shop.parent / "index"
    build(shop, index, networks["random"])
    with pytest.raises(InputError, match=r"index: made with another network \(SHA-256"):
        Gallery(index, networks["trained"])
    with pytest.raises(InputError, match="shop: no index of a gallery; make one with"):
        Gallery(shop, networks["random"])
    (index / "halves.npy").write_bytes((index / "halves.npy").read_bytes()[:-1])
    with pytest.raises(InputError, match=r"halves\.npy: not whole"):
        Gallery(index, networks["random"])
    (index / "files.parquet").write_bytes(b"")
    with pytest.raises(InputError, match="index: no whole index"):
        Gallery(index, networks["random"])
