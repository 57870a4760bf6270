"""Identity splits: who trains, validates and is tested."""

from pathlib import Path

import pytest

from mtdnet.errors import InputError
from mtdnet.params import Split
from mtdnet.protocol.persons import PUBLISHED
from mtdnet.rng import generator
from tests.protocol.dividing import Rows, counts, divided, market, pairs, persons


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
