"""Identity splits: who trains, validates and is tested, and in which role."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mtdnet.errors import InputError
from mtdnet.params import Split
from mtdnet.protocol.persons import PUBLISHED
from mtdnet.protocol.splits import Identities, divide
from mtdnet.rng import generator

Rows = list[tuple[str, str]]


def pairs(count: int, images: int = 1, prefix: str = "") -> Rows:
    """Return (person, camera) rows of persons that cameras a and b saw ``images`` times each."""
    return [(f"{prefix}{p:04d}", c) for p in range(count) for c in "ab" for _ in range(images)]


def divided(
    rows: Rows,
    settings: Split | None = None,
    benchmark: str = "viper",
    test_sets: list[list[str]] | None = None,
    said: list[tuple[str, str]] | None = None,
    number: int = 0,
) -> Identities:
    person, camera = (np.array(column) for column in zip(*rows, strict=True))
    part, role = zip(*(said or [("", "")] * len(rows)), strict=True)
    return divide(
        benchmark=benchmark,
        layout=benchmark,
        person=person,
        camera=camera,
        settings=settings or Split(),
        part=np.array(part),
        role=np.array(role),
        test_sets=test_sets or [],
        number=number,
    )


def persons(rows: Rows, mask: NDArray[np.bool_]) -> set[str]:
    return {rows[i][0] for i in np.flatnonzero(mask)}


def counts(rows: Rows, found: Identities) -> tuple[int, int, int]:
    parts = [persons(rows, found.part == name) for name in ("train", "validation", "test")]
    assert not parts[0] & parts[1] and not parts[1] & parts[2] and not parts[0] & parts[2]
    return len(parts[0]), len(parts[1]), len(parts[2])


@pytest.mark.parametrize(
    ("benchmark", "rows", "expected"),
    [
        ("cuhk03", pairs(1360), (1160, 100, 100)),
        ("cuhk01", pairs(971), (784, 87, 100)),
        ("viper", pairs(632), (284, 32, 316)),
        ("ilids", [(p, "") for p, _ in pairs(119)], (54, 6, 59)),
        ("prid2011", pairs(200), (90, 10, 100)),
    ],
)
def test_whole_benchmarks_get_the_published_counts(
    benchmark: str, rows: Rows, expected: tuple[int, int, int]
) -> None:
    found = divided(rows, benchmark=benchmark)
    assert counts(rows, found) == expected
    train, validation, test = PUBLISHED[benchmark]
    assert (expected[0] + expected[1], expected[2]) == (train + validation, test)
    assert found.origin == "published counts"


@pytest.mark.parametrize(
    ("benchmark", "rows", "expected"),
    [
        ("cuhk03", pairs(743), (633, 55, 55)),
        ("cuhk01", pairs(871), (703, 78, 90)),
        ("viper", pairs(316), (142, 16, 158)),
        ("viper", pairs(4), (2, 1, 1)),
        ("viper", pairs(5), (2, 1, 2)),
    ],
)
def test_a_part_of_a_benchmark_scales_the_counts(
    benchmark: str, rows: Rows, expected: tuple[int, int, int]
) -> None:
    found = divided(rows, benchmark=benchmark)
    assert counts(rows, found) == expected
    assert found.origin == "published counts, scaled"


def test_published_test_persons_are_taken() -> None:
    rows = pairs(1360, prefix="1_")
    missing = [f"9_{p:04d}" for p in range(100)]
    published = [f"1_{p:04d}" for p in range(700, 800)]
    found = divided(rows, benchmark="cuhk03", test_sets=[missing, published])
    assert persons(rows, found.part == "test") == set(published)
    assert found.origin == "published list 2 of 2"
    assert counts(rows, found) == (1160, 100, 100)


def test_published_test_persons_that_are_not_there_are_drawn_instead() -> None:
    rows = pairs(50, prefix="1_")
    found = divided(rows, benchmark="cuhk03", test_sets=[["1_0001", "1_0999"]])
    assert found.origin == "published counts, scaled"


def test_the_seed_names_the_persons_and_row_order_does_not() -> None:
    rows = pairs(60)
    test = persons(rows, divided(rows, Split(seed=1)).part == "test")
    assert persons(rows[::-1], divided(rows[::-1], Split(seed=1)).part == "test") == test
    assert persons(rows, divided(rows, Split(seed=2)).part == "test") != test


@pytest.mark.parametrize(
    ("number", "name"), [(0, "split viper"), (1, "split viper 1"), (7, "split viper 7")]
)
def test_a_number_draws_from_the_generator_of_its_name(number: int, name: str) -> None:
    rows = pairs(20)
    found = divided(rows, Split(seed=4), number=number)
    drawn = generator(4, name).permutation(sorted({p for p, _ in rows})).tolist()
    assert persons(rows, found.part == "test") == set(drawn[:10])
    assert persons(rows, found.part == "validation") == set(drawn[10:11])


def settings_of(tmp_path: Path) -> list[Split]:
    (tmp_path / "ids.txt").write_text("0022\n0025\n", encoding="utf-8")
    for number in range(5):
        (tmp_path / f"ids-{number}.txt").write_text(f"002{number + 1}\n", encoding="utf-8")
    return [
        Split(),
        Split(seed=3, validation=4),
        Split(gallery="all"),
        Split(name="random", test=5),
        Split(name="random", test=3, validation=2, seed=8),
        Split(test_ids=str(tmp_path / "ids.txt")),
        Split(test_ids=str(tmp_path / "ids-{split}.txt")),
    ]


@pytest.mark.parametrize("benchmark", [*PUBLISHED, "market1501"])
def test_validation_persons_are_never_test_persons(benchmark: str, tmp_path: Path) -> None:
    rows, said = market() if benchmark == "market1501" else (pairs(31, images=2), None)
    published = [[f"{p:04d}" for p in range(k, k + 6)] for k in range(5)]
    test_sets = published if benchmark == "cuhk03" else []
    for settings in settings_of(tmp_path):
        seen = set()
        for number in range(5):
            found = divided(rows, settings, benchmark, test_sets, said, number)
            train, validation, test = counts(rows, found)  # which asserts that none is in two
            assert train >= 2 and validation >= 1 and test >= 1
            assert (found.role[found.part == "train"] == "").all()
            for part in ("validation", "test"):
                asked, there = (
                    persons(rows, (found.part == part) & (found.role == role))
                    for role in ("query", "gallery")
                )
                assert asked and asked <= there
            again = divided(rows, settings, benchmark, test_sets, said, number)
            assert (found.part == again.part).all() and (found.role == again.role).all()
            seen.add(found.part.tobytes())
        assert len(seen) > 1


def test_a_number_takes_its_published_list_and_beyond_them_there_is_none() -> None:
    rows = pairs(30)
    lists = [["0001", "0002"], ["0001", "9999"], ["0003", "0004"], ["0005", "0006"]]
    for number, listed in enumerate([0, 2, 3]):
        found = divided(rows, benchmark="cuhk03", test_sets=lists, number=number)
        assert persons(rows, found.part == "test") == set(lists[listed])
        assert found.origin == f"published list {listed + 1} of 4"
    with pytest.raises(InputError, match="cuhk03: no split 3; all persons are here for 3 of 4"):
        divided(rows, benchmark="cuhk03", test_sets=lists, number=3)
    with pytest.raises(InputError, match="viper: splits are numbered from 0, found -1"):
        divided(rows, number=-1)


def test_files_may_name_other_test_persons_for_each_number(tmp_path: Path) -> None:
    rows = pairs(30)
    for number in (0, 1):
        (tmp_path / f"{number}.txt").write_text(f"000{number + 4}\n", encoding="utf-8")
    settings = Split(test_ids=str(tmp_path / "{split}.txt"))
    for number in (0, 1):
        found = divided(rows, settings, number=number)
        assert persons(rows, found.part == "test") == {f"000{number + 4}"}
        assert found.origin == str(tmp_path / f"{number}.txt")
    with pytest.raises(InputError, match=r"2\.txt: No such file"):
        divided(rows, settings, number=2)


@pytest.mark.parametrize("given", ["file", "layout"])
def test_given_test_persons_are_those_of_every_number(given: str, tmp_path: Path) -> None:
    rows, said = market()
    settings = Split()
    if given == "file":
        (tmp_path / "ids.txt").write_text("0003\n0004\n", encoding="utf-8")
        settings = Split(test_ids=str(tmp_path / "ids.txt"))
    found = [divided(rows, settings, "market1501", said=said, number=k) for k in range(6)]
    tests = {frozenset(persons(rows, f.part == "test")) for f in found}
    validations = {frozenset(persons(rows, f.part == "validation")) for f in found}
    assert len(tests) == 1 and len(validations) > 1


def test_random_takes_the_counts_given() -> None:
    rows = pairs(30)
    found = divided(rows, Split(name="random", test=7, validation=4), "mine")
    assert counts(rows, found) == (19, 4, 7)
    assert found.origin == "random"
    assert counts(rows, divided(rows, Split(name="random", test=10), "mine")) == (15, 5, 10)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(4, (2, 1, 1)), (12, (6, 3, 3)), (24, (13, 5, 6)), (200, (135, 15, 50))],
)
def test_random_without_counts_scales(count: int, expected: tuple[int, int, int]) -> None:
    rows = pairs(count)
    found = divided(rows, Split(name="random"), "mine")
    assert counts(rows, found) == expected
    assert found.origin == "random, a quarter"


def test_a_file_names_the_test_persons(tmp_path: Path) -> None:
    rows = pairs(12)
    source = tmp_path / "ids.txt"
    source.write_text("0003\n\n 0007 \n0003\n", encoding="utf-8")
    found = divided(rows, Split(test_ids=str(source)))
    assert persons(rows, found.part == "test") == {"0003", "0007"}
    assert counts(rows, found) == (9, 1, 2)
    assert found.origin == str(source)


def test_ids_are_read_as_people_write_them(tmp_path: Path) -> None:
    source = tmp_path / "ids.txt"
    source.write_text("\ufeff3\r\n 007 \r\n0007\r\n11.0\r\n", encoding="utf-8")
    found = divided(pairs(12), Split(test_ids=str(source)))
    assert persons(pairs(12), found.part == "test") == {"0003", "0007", "0011"}
    rows = [(f"1_{person}", camera) for person, camera in pairs(12)]
    source.write_text("1_3\n1_0007\n", encoding="utf-8")
    found = divided(rows, Split(test_ids=str(source)))
    assert persons(rows, found.part == "test") == {"1_0003", "1_0007"}


def test_an_id_that_may_be_two_persons_is_refused(tmp_path: Path) -> None:
    rows = pairs(12) + [(person.replace("000", "00a"), camera) for person, camera in pairs(9)]
    rows += [("a01", "a"), ("a01", "b"), ("a001", "a"), ("a001", "b")]
    source = tmp_path / "ids.txt"
    source.write_text("a01\n0003\n", encoding="utf-8")
    found = divided(rows, Split(test_ids=str(source)))
    assert persons(rows, found.part == "test") == {"a01", "0003"}
    source.write_text("a1\n", encoding="utf-8")
    with pytest.raises(InputError, match="person 'a1' may be a001 or a01; write it"):
        divided(rows, Split(test_ids=str(source)))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"0003\n9999\n", "ids.txt: person '9999' is not among the 12 of viper"),
        (b"\n \n", "ids.txt: no person id"),
        (b"\xff\xfe\x00", "ids.txt: not UTF-8 text"),
        (None, "ids.txt: No such file"),
    ],
)
def test_a_bad_file_of_persons_is_named(tmp_path: Path, content: bytes | None, line: str) -> None:
    source = tmp_path / "ids.txt"
    if content is not None:
        source.write_bytes(content)
    with pytest.raises(InputError, match=line):
        divided(pairs(12), Split(test_ids=str(source)))


def test_roles_of_two_cameras() -> None:
    rows = pairs(20, images=3)
    found = divided(rows, Split(name="random", test=10, validation=5), "cuhk01")
    for i, (_, camera) in enumerate(rows):
        scored = found.part[i] in ("test", "validation")
        expected = "query" if camera == "a" else "gallery" if i % 3 == 0 else ""
        assert found.role[i] == (expected if scored else "")


def test_roles_without_cameras() -> None:
    rows = [(f"{p:04d}", "") for p in range(10) for _ in range(4)]
    found = divided(rows, benchmark="ilids")
    for i in range(len(rows)):
        scored = found.part[i] in ("test", "validation")
        assert found.role[i] == (("gallery" if i % 4 == 0 else "query") if scored else "")


def test_roles_of_many_cameras() -> None:
    rows = [(f"{p}", c) for p in range(8) for c in ("c2", "c1", "c3", "c2", "c1")]
    found = divided(rows, Split(name="random", test=2), "mine")
    for p in persons(rows, found.part == "test"):
        start = int(p) * 5
        assert found.role[start : start + 5].tolist() == ["gallery", "query", "", "", "query"]


def test_whole_prid_has_549_more_persons_in_its_gallery() -> None:
    rows = [
        *pairs(200),
        *[(f"a{p}", "a") for p in range(185)],
        *[(f"b{p}", "b") for p in range(549)],
    ]
    found = divided(rows, benchmark="prid2011")
    test = found.role[found.part == "test"]
    assert np.count_nonzero(test == "query") == 100
    assert np.count_nonzero(test == "gallery") == 100 + 549


def test_all_of_many_cameras_is_all_of_the_second() -> None:
    rows = [(f"{p}", c) for p in range(8) for c in ("c2", "c1", "c3", "c2", "c1")]
    found = divided(rows, Split(name="random", test=2, gallery="all"), "mine")
    for p in persons(rows, found.part == "test"):
        start = int(p) * 5
        assert found.role[start : start + 5].tolist() == [
            "gallery",
            "query",
            "",
            "gallery",
            "query",
        ]


def test_persons_of_one_camera_are_left_out_and_counted() -> None:
    rows = [*pairs(20), ("only a", "a"), ("only a", "a"), ("only b", "b")]
    found = divided(rows)
    assert (found.part[-3:] == "").all() and (found.role[-3:] == "").all()
    assert (len(found.one_camera), found.distractors) == (2, 0)


def test_prid_gallery_holds_the_persons_of_camera_b_alone() -> None:
    rows = [*pairs(40), *[(f"a{p}", "a") for p in range(5)], *[(f"b{p}", "b") for p in range(9)]]
    found = divided(rows, benchmark="prid2011")
    alone = np.array([p.startswith("b") for p, _ in rows])
    assert (found.part[alone] == "test").all() and (found.role[alone] == "gallery").all()
    assert (len(found.one_camera), found.distractors) == (5, 9)
    assert np.count_nonzero((found.part == "validation") & (found.role == "gallery")) == 2


def market() -> tuple[Rows, list[tuple[str, str]]]:
    """Return rows, parts and roles as the Market-1501 layout says them."""
    rows: Rows = []
    said = []
    for p in range(1, 21):
        rows += [(f"{p:04d}", c) for c in ("1", "2", "2")]
        said += [("train", "")] * 3
    for p in range(21, 31):
        rows += [(f"{p:04d}", c) for c in ("3", "1", "2", "3")]
        said += [("test", "query")] + [("test", "gallery")] * 3
    rows += [("0000", "1"), ("0000", "2"), ("0098", "2"), ("0098", "2"), ("0050", "1")]
    said += [("test", "gallery")] * 2 + [("test", "query"), ("test", "gallery"), ("train", "")]
    return rows, said


def test_parts_and_roles_of_the_layout_are_kept() -> None:
    rows, said = market()
    found = divided(rows, benchmark="market1501", said=said)
    assert counts(rows, found) == (18, 2, 12)
    assert (found.origin, found.gallery) == ("layout", "layout")
    assert (divided(rows, Split(gallery="all"), "market1501", said=said).role == found.role).all()
    assert (len(found.one_camera), found.distractors) == (1, 2)
    for i, (part, role) in enumerate(said[:-5]):
        assert found.part[i] == part or (found.part[i], part) == ("validation", "train")
        if part == "test":
            assert found.role[i] == role
    assert found.part[-5:].tolist() == ["test", "test", "", "test", ""]
    assert found.role[-5:].tolist() == ["gallery", "gallery", "", "gallery", ""]
    held = found.role[found.part == "validation"]
    assert sorted(held.tolist()) == ["", "", "gallery", "gallery", "query", "query"]


def test_a_named_split_overrides_the_layout() -> None:
    rows, said = market()
    found = divided(rows, Split(name="random", test=5), "market1501", said=said)
    assert counts(rows, found) == (20, 5, 5)
    assert len(found.one_camera) == 3
    assert (found.part[np.array([p == "0000" for p, _ in rows])] == "").all()


@pytest.mark.parametrize(
    ("rows", "settings", "line"),
    [
        (pairs(1), Split(), "viper: seen by two cameras are 1 to test and 0 more; a split"),
        (pairs(3), Split(), "viper: seen by two cameras are 1 to test and 2 more"),
        ([("x", "a"), ("y", "b"), ("x", "a")], Split(), "viper: no person is seen by two cameras"),
        ([("x", ""), ("y", "")], Split(), "viper: no person is seen by two cameras"),
        (pairs(9), Split(name="random", test=7), "viper: test must be 1 to 6, found 7"),
        (pairs(9), Split(name="random", test=0), "viper: test must be 1 to 6, found 0"),
        (pairs(9), Split(validation=4), "viper: validation must be 1 to 3, found 4"),
        (pairs(9), Split(validation=0), "viper: validation must be 1 to 3, found 0"),
        (pairs(9), Split(test=3), "viper: test is for name: random"),
        (pairs(9), Split(test=3, test_ids="x"), "viper: test_ids and test are both given"),
    ],
)
def test_bad_counts_are_named(rows: Rows, settings: Split, line: str) -> None:
    with pytest.raises(InputError, match=line):
        divided(rows, settings)


def test_a_benchmark_without_published_counts_says_so() -> None:
    with pytest.raises(InputError, match=r"augment\.splits\.mine: no published counts"):
        divided(pairs(9), benchmark="mine")
