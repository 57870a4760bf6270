from pathlib import Path

import pytest

from mtdnet.errors import InputError
from mtdnet.synthetic import DEMO, LIMITS, write
from mtdnet.synthetic.__main__ import main


def content(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file()
    }


def test_the_same_seed_draws_the_same_bytes_in_any_order(drawn: Path, tmp_path: Path) -> None:
    write(tmp_path, persons=dict.fromkeys(reversed(LIMITS), 8), seed=3)
    assert content(tmp_path) == content(drawn)


def test_another_seed_draws_other_people(drawn: Path, tmp_path: Path) -> None:
    write(tmp_path, persons={"prid2011": 8}, seed=4)
    ours, theirs = content(tmp_path / "prid2011"), content(drawn / "prid2011")
    assert ours.keys() == theirs.keys()
    assert all(ours[name] != theirs[name] for name in ours)


def test_more_persons_leave_the_first_as_they_were(drawn: Path, tmp_path: Path) -> None:
    write(tmp_path, persons={"prid2011": 9}, seed=3)
    more, fewer = content(tmp_path / "prid2011"), content(drawn / "prid2011")
    assert len(more) == len(fewer) + 3
    assert all(more[name] == fewer[name] for name in fewer)


def test_drawn_folders_are_replaced_and_others_kept(tmp_path: Path) -> None:
    write(tmp_path, persons={"prid2011": 9})
    write(tmp_path, persons={"prid2011": 8})
    assert not list(tmp_path.rglob("person_0009.png"))
    own = tmp_path / "viper" / "VIPeR" / "cam_a" / "000_0.bmp"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"downloaded by hand")
    with pytest.raises(InputError, match="viper: holds something else"):
        write(tmp_path, persons={"ilids": 8, "viper": 8})
    assert own.read_bytes() == b"downloaded by hand"
    assert not (tmp_path / "ilids").exists()


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise OSError("disk full")

    monkeypatch.setattr("mtdnet.synthetic.layouts.encode", fail)
    with pytest.raises(OSError, match="disk full"):
        write(tmp_path, persons={"cuhk01": 8})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("persons", "seed", "told"),
    [
        ({"market1501": 8}, 0, "no benchmark 'market1501' to draw"),
        ({"viper": 7}, 0, "viper: 8 to 632 persons can be drawn, found 7"),
        ({"prid2011": 201}, 0, "prid2011: 8 to 200 persons can be drawn, found 201"),
        ({"viper": 8}, -1, "seed must not be negative, found -1"),
    ],
)
def test_bad_input_is_told(persons: dict[str, int], seed: int, told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=told):
        write(tmp_path, persons=persons, seed=seed)
    assert not list(tmp_path.iterdir())


def test_the_demo_fits_the_limits() -> None:
    assert {*DEMO, "shop"} == LIMITS.keys()
    assert all(8 <= count <= LIMITS[benchmark] for benchmark, count in DEMO.items())


def test_the_command_line_tells_bad_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert main([str(file)]) == 2
    assert main([str(tmp_path), "--seed", "-1"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert [line.startswith("error: ") for line in told] == [True, True]
