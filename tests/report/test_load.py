import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mtdnet.errors import InputError
from mtdnet.report.load import evaluations, firsts, models

Write = Callable[..., Path]


def test_an_evaluation_is_read_whole(evaluated: Write) -> None:
    folder = evaluated("my-own-shop-12/mtdnet")
    (one,) = evaluations([folder])
    assert (one.benchmark, one.split, one.variant) == ("my-own-shop", 12, "mtdnet")
    assert list(one.figures) == list(one.ranks.systems) == ["MTDnet", "MTDnet-trp"]
    assert one.ranks.query.tolist() == list(range(100, 140))
    assert one.ranks.person[:2].tolist() == ["p00", "p01"]
    for system, ranks in one.ranks.systems.items():
        assert np.isclose(np.mean(ranks == 1), one.curves[0][system] or 0)
    assert {row["kind"] for row in one.calibration} == {"raw", "calibrated"}
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


@pytest.mark.parametrize(
    "text", ["", "query,person,MTDnet\n", "query,MTDnet\n1,1\n", "query,person,M\n1,a,x\n"]
)
def test_broken_ranks_are_named(evaluated: Write, text: str) -> None:
    folder = evaluated()
    (folder / "ranks.csv").write_text(text)
    with pytest.raises(InputError, match=r"ranks.csv: no table of ranks .*; run its step again"):
        evaluations([folder])


def test_models_that_are_there_are_read(written: tuple[Path, str], tmp_path: Path) -> None:
    folder = written[0].parent / "models" / "viper-1" / "cls"
    (one,) = models([tmp_path / "viper-0" / "cls", folder])
    assert (one.benchmark, one.split, one.variant) == ("viper", 1, "cls")
    assert [row["step"] for row in one.history] == [20, 40, 60]
    broken = Path(shutil.copytree(folder, tmp_path / "viper-1" / "cls"))
    (broken / "history.csv").unlink()
    with pytest.raises(InputError, match=r"history.csv: no such file"):
        models([broken])
