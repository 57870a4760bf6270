"""Splits of the five native layouts, as they are drawn and ingested."""

import re

import numpy as np
import pytest

from mtdnet.data.images import Images
from mtdnet.data.ingest import ingest
from mtdnet.errors import InputError
from mtdnet.params import Split
from mtdnet.protocol.persons import PUBLISHED
from mtdnet.protocol.splits import Identities, divide
from mtdnet.synthetic import write

PERSONS = 12  # drawn, of each benchmark


@pytest.fixture(scope="module", params=sorted(PUBLISHED))
def native(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Images:
    """Return a benchmark drawn in its native layout, as ingest reads it."""
    benchmark, root = request.param, tmp_path_factory.mktemp(request.param)
    write(root / "data", persons={benchmark: PERSONS}, seed=3)
    source, out = root / "data" / benchmark, root / "ingest"
    ingest(source=source, benchmark=benchmark, layout=benchmark, out=out)
    return Images.open(out)


def divided_native(images: Images, settings: Split, number: int = 0) -> Identities:
    return divide(
        benchmark=images.counts["benchmark"],
        layout=images.counts["layout"],
        person=images.person,
        camera=images.camera,
        settings=settings,
        part=images.part,
        role=images.role,
        test_sets=images.counts["test_sets"],
        number=number,
    )


def role(path: str, beside: list[str]) -> str:
    """Return what the protocol makes of a test person's image; ``beside``: all of the person's.

    Read from the file names of the five native layouts alone.
    """
    if match := re.search(r"#labeled/\d/\d{3}/([12])/\d\d$", path):  # CUHK03
        if match[1] == "1":
            return "query"
        return "gallery" if path == min(p for p in beside if "/2/" in p[-5:]) else ""
    if path.endswith(".png") and "cam_" not in path:  # CUHK01
        return {"001": "query", "002": "query", "003": "gallery", "004": ""}[path[-7:-4]]
    if path.endswith(".jpg"):  # i-LIDS
        return "gallery" if path.endswith("001.jpg") else "query"
    return "query" if "cam_a" in path else "gallery"  # VIPeR and PRID 2011


def test_queries_and_gallery_of_the_native_layouts_are_the_published_ones(native: Images) -> None:
    found = divided_native(native, Split())
    assert found.gallery == "first"
    for i, (person, path) in enumerate(zip(native.person, native.path, strict=True)):
        beside = [str(p) for p in native.path[native.person == person]]
        scored = found.part[i] in ("test", "validation")
        assert found.role[i] == (role(str(path), beside) if scored else ""), path


def test_counts_of_the_native_layouts_are_the_published_share(native: Images) -> None:
    benchmark = native.counts["benchmark"]
    found = divided_native(native, Split())
    test = found.part == "test"
    persons = {str(p) for p in native.person[test & (found.role == "query")]}
    # Of 12 persons the published share; of CUHK03 what each of the 20 drawn test sets names.
    expected = {"cuhk03": 4, "cuhk01": 1, "viper": 6, "ilids": 6, "prid2011": 6}[benchmark]
    alone = PERSONS * 3 // 2 if benchmark == "prid2011" else 0
    assert (len(persons), found.distractors) == (expected, alone)
    assert np.count_nonzero(test & (found.role == "gallery")) == expected + alone
    assert all(str(p).startswith("b") for p in set(native.person[test]) - persons)
    if benchmark == "cuhk03":
        assert {camera[0] for camera in native.camera} == {"1", "2", "3"}
        assert found.origin == "published list 1 of 20"


def test_every_number_of_a_native_layout_has_persons_of_its_own(native: Images) -> None:
    drawn = [divided_native(native, Split(), number) for number in range(3)]
    again = [divided_native(native, Split(), number) for number in range(3)]
    for first, second in zip(drawn, again, strict=True):
        assert (first.part == second.part).all() and (first.role == second.role).all()
    assert len({found.part.tobytes() for found in drawn}) == 3
    listed = native.counts["test_sets"]
    for number, found in enumerate(drawn):
        test = set(native.person[(found.part == "test") & (found.role == "query")])
        assert not listed or test == set(listed[number])


def test_all_of_the_second_camera_are_in_the_gallery_of_the_test_alone(native: Images) -> None:
    if not native.counts["cameras"]:
        with pytest.raises(InputError, match="gallery: all needs cameras, and those of person '00"):
            divided_native(native, Split(gallery="all"))
        return
    first, every = (divided_native(native, Split(gallery=g)) for g in ("first", "all"))
    assert every.gallery == "all"
    assert (first.part == every.part).all()
    test = first.part == "test"
    assert (first.role[~test] == every.role[~test]).all()
    second = np.char.endswith(native.camera, "b")
    assert (every.role[test] == np.where(second, "gallery", "query")[test]).all()
