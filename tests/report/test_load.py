import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mtdnet.errors import InputError
from mtdnet.report.load import evaluations, expected, firsts, models

Write = Callable[..., Path]


def test_an_evaluation_is_read_whole(evaluated: Write) -> None:
    folder = evaluated("my-own-shop-12/mtdnet")
    (one,) = evaluations([folder])
    assert (one.benchmark, one.split, one.variant) == ("my-own-shop", 12, "mtdnet")
    assert list(one.figures) == list(one.ranks.systems) == ["MTDnet", "MTDnet-trp", "MTDnet-fused"]
    assert one.ranks.query == list(range(100, 140))
    assert one.ranks.person[:2] == ["p00", "p01"]
    for system, ranks in one.ranks.systems.items():
        assert ranks.count(1) / 40 == pytest.approx(one.curves.systems[system][0])
    assert set(one.bins.kind) == {"raw", "calibrated"}
    assert one.system == "MTDnet" and one.has_pair_head and one.chance == 20
    assert one.picture("ranked").is_file()


def test_they_stand_by_benchmark_variant_and_split(evaluated: Write, tmp_path: Path) -> None:
    names = ["a-1/rnk", "viper-10/cls", "viper-2/cls", "a-0/rnk", "viper-2/mtdnet", "cuhk03-0/rnk"]
    missing = tmp_path / "viper-3" / "cls"
    found = evaluations([missing, *map(evaluated, names)])
    assert [f"{e.benchmark}-{e.split}/{e.variant}" for e in found] == [
        *("cuhk03-0/rnk", "viper-2/mtdnet", "viper-2/cls", "viper-10/cls", "a-0/rnk", "a-1/rnk"),
    ]
    assert [e.split for e in firsts(found)] == [0, 2, 2, 0]


@pytest.mark.parametrize("name", ["viper/mtdnet", "viper-x/mtdnet", "-0/mtdnet"])
def test_a_folder_of_another_name_is_an_error(evaluated: Write, name: str) -> None:
    folder = evaluated().rename(evaluated("other-0/rnk").parent / "moved")
    target = folder.parents[1] / name
    target.parent.mkdir(exist_ok=True)
    with pytest.raises(InputError, match=f"{name}: no folder BENCHMARK-SPLIT/VARIANT"):
        evaluations([folder.rename(target)])


def test_a_system_measured_twice_on_a_split_is_an_error(evaluated: Write) -> None:
    folders = [evaluated(), evaluated("viper-0/other", ["MTDnet"])]
    with pytest.raises(InputError, match=r"viper-0/other: MTDnet is in .*viper-0/mtdnet too"):
        evaluations(folders)
    evaluations([folders[0], evaluated("viper-1/other", ["MTDnet"])])


@pytest.mark.parametrize(
    "name", ["metrics.json", "facts.json", "cmc.csv", "ranks.csv", "calibration.csv"]
)
def test_a_missing_file_is_named(evaluated: Write, name: str) -> None:
    folder = evaluated()
    (folder / name).unlink()
    with pytest.raises(InputError, match=rf"viper-0/mtdnet/{name}: no such file; run the step"):
        evaluations([folder])


@pytest.mark.parametrize("name", ["cmc.csv", "ranks.csv"])
def test_a_table_of_other_systems_is_named(evaluated: Write, name: str) -> None:
    folder = evaluated()
    table = folder / name
    table.write_text(table.read_text().replace("MTDnet-trp", "MTDnet-rnk"))
    with pytest.raises(
        InputError, match=rf"{name}: systems MTDnet, MTDnet-rnk, .*but metrics.json"
    ):
        evaluations([folder])


def test_what_was_to_be_measured_is_known_of_what_is_not_there(
    evaluated: Write, tmp_path: Path
) -> None:
    there = [evaluated("shop-0/rnk"), evaluated("viper-1/own", ["X"])]
    folders = [tmp_path / "cuhk01-0" / "mtdnet", *there]
    assert expected(folders, evaluations(folders)) == {
        "cuhk01": ["MTDnet", "MTDnet-trp", "MTDnet-fused"],
        "viper": ["X"],
        "shop": ["MTDnet-rnk"],
    }


def test_models_that_are_there_are_read(written: tuple[Path, str], tmp_path: Path) -> None:
    folder = written[0].parent / "models" / "viper-1" / "cls"
    (one,) = models([tmp_path / "viper-0" / "cls", folder])
    assert (one.benchmark, one.split, one.variant) == ("viper", 1, "cls")
    assert one.history.step == [20, 40, 60]
    broken = Path(shutil.copytree(folder, tmp_path / "viper-1" / "cls"))
    (broken / "history.csv").unlink()
    with pytest.raises(InputError, match=r"history.csv: no such file"):
        models([broken])
