"""A new version becomes champion by evidence from persons that neither network has trained on."""

import json
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pyarrow as pa
import pytest
from mlflow import MlflowClient

from mtdnet.__main__ import main
from mtdnet.commands.parser import GROUP
from mtdnet.errors import InputError
from mtdnet.tables import read_table
from tasks import champion, register, store
from tasks.evidence import Evidence, SplitPersons

Trained = Callable[[str, float, int], Path]
Data = Callable[..., None]
Sharp = Callable[..., Path]
NETWORK, MODEL = ("viper", 0, "mtdnet"), "mtdnet-viper"


def evidence(client: MlflowClient, version: int, room: Path) -> Evidence:
    """Read what is stored with a version."""
    made = client.get_model_version(MODEL, str(version))
    place = made.tags["evidence"].removeprefix(f"runs:/{made.run_id}/")
    file = Path(client.download_artifacts(str(made.run_id), place, str(room)))
    return Evidence.read(file.parent)


def test_a_tie_on_one_person_waits_for_a_word(
    own_store: MlflowClient, trained: Trained, data: Data, sharp: Sharp, tmp_path: Path
) -> None:
    data(12, 1)
    first = register.register_one(sharp(trained("a", 1.0, 1), 1), NETWORK)
    assert first == "mtdnet-viper: version 1 registered; now champion: no champion before it"
    data(16, 1)
    second = register.register_one(sharp(trained("b", 1.0, 2), 2), NETWORK)
    assert second.startswith(
        "mtdnet-viper: version 2 registered; champion stays version 1: no comparison: of 1 "
        "validation persons the champion has not seen"
    )
    assert second.endswith(
        "the rule wants 10; `mtdnet champion mtdnet-viper --take 2` is a person's word"
    )
    aliases = own_store.get_registered_model(MODEL).aliases
    assert {key: str(value) for key, value in aliases.items()} == {
        "champion": "1",
        "challenger": "2",
    }
    assert evidence(own_store, 2, tmp_path).verdict == "undecided"
    assert "version 2 is champion now" in champion.take(MODEL, "2")
    assert champion.present(MODEL) == "2"
    again = register.register_one(tmp_path / "models" / "b", NETWORK)
    assert again == "mtdnet-viper: version 2 is known; champion"
    assert "version 1 is champion again" in champion.undo(MODEL)
    again = register.register_one(tmp_path / "models" / "b", NETWORK)
    assert again == "mtdnet-viper: version 2 is known; champion stays version 1", "taken back"
    with pytest.raises(InputError, match="no champion before this one"):
        champion.undo(MODEL)


def test_the_better_on_the_same_persons_is_champion_and_no_test_person_is_looked_at(
    own_store: MlflowClient, trained: Trained, data: Data, sharp: Sharp, tmp_path: Path
) -> None:
    data(30, 12, 8)
    register.register_one(trained("a", 0.9, 1), NETWORK)
    better = register.register_one(sharp(trained("b", 0.1, 2), 2), NETWORK)
    assert "version 2 registered; now champion: better: rank-1 100.0% against" in better
    found = evidence(own_store, 2, tmp_path)
    assert (found.verdict, found.rank1, found.passed_over) == ("champion", 1.0, 0)
    assert found.low is not None and found.low > 0
    split = read_table(
        Path("results/augment/viper-0/split.parquet"),
        dict.fromkeys(("person", "part"), pa.string()),
    )
    held = {row["person"] for row in split.to_pylist() if row["part"] == "validation"}
    assert set(found.persons) == held and len(held) == 12
    assert (found.train_persons, found.train_persons_against) == (10, 10)
    worse = register.register_one(trained("c", 1.0, 3), ("viper", 0, "cls"))
    assert "champion stays version 2: worse: rank-1" in worse
    equal = register.register_one(sharp(trained("d", 1.0, 2), 2, 1.5), NETWORK)
    assert "champion stays version 2: not shown to be better" in equal
    assert own_store.get_registered_model(MODEL).aliases.keys() == {"champion", "challenger"}


def test_an_equal_one_trained_on_more_persons_is_champion(
    own_store: MlflowClient, trained: Trained, data: Data, sharp: Sharp, tmp_path: Path
) -> None:
    data(30, 12, 8)
    register.register_one(sharp(trained("a", 0.9, 1), 1), NETWORK)
    data(60, 20, 10)
    equal = register.register_one(sharp(trained("b", 0.9, 2), 1, 1.5), NETWORK)
    assert "now champion: not worse and trained on 30 persons, not 10: rank-1" in equal
    found = evidence(own_store, 2, tmp_path)
    assert found.passed_over > 0
    assert found.passed_over + len(found.persons) == 20
    said = champion.why(MODEL)
    assert said.startswith("mtdnet-viper: version 2 is champion, since ")
    assert "not worse and trained on 30 persons" in said and "before: version 1" in said


def test_other_data_need_a_word(
    own_store: MlflowClient, trained: Trained, data: Data, sharp: Sharp, tmp_path: Path
) -> None:
    data(30, 12, 8)
    register.register_one(sharp(trained("a", 0.9, 1), 1), NETWORK)
    data(30, 12, 8, picture=1)
    other = register.register_one(sharp(trained("b", 0.9, 2), 2), NETWORK)
    assert "no comparison: the data are others than the champion's" in other
    split = tmp_path / "results/augment/viper-0/split.parquet"
    split.unlink()
    third = register.register_one(sharp(trained("c", 0.9, 3), 3), NETWORK)
    assert "no comparison" in third and "split.parquet: no such file" in third
    champion.take(MODEL, "3")
    data(30, 12, 8)
    unknown = register.register_one(sharp(trained("d", 0.9, 4), 4), NETWORK)
    assert "no comparison: whom the champion was trained on is not on record" in unknown


def test_a_broken_record_of_persons_needs_a_word(
    own_store: MlflowClient, trained: Trained, data: Data, sharp: Sharp, tmp_path: Path
) -> None:
    data(30, 12, 8)
    register.register_one(sharp(trained("a", 0.9, 1), 1), NETWORK)
    (record,) = (tmp_path / ".mlflow").rglob(SplitPersons.FILE)
    record.write_bytes(record.read_bytes()[:-50])
    second = register.register_one(sharp(trained("b", 0.9, 2), 2), NETWORK)
    assert "no comparison: the record of whom the champion was trained on is broken" in second


def test_the_command_says_what_it_lacks(
    own_store: MlflowClient,
    trained: Trained,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("mtdnet.__main__.entry_points", lambda **_: [])

    def ask(*words: str) -> tuple[int, str, str]:
        done = main(["champion", *words])
        said = capsys.readouterr()
        return done, said.out, said.err

    assert "install mtdnet[pipeline]" in ask("mtdnet-viper", "--why")[2]
    point = EntryPoint("champion", "tasks.champion:answer", GROUP)
    monkeypatch.setattr("mtdnet.__main__.entry_points", lambda **_: [point])
    assert ask("mtdnet-viper", "--why")[0] == 2
    assert "one of the arguments --why --undo --take is required" in ask("mtdnet-viper")[2]
    register.register_one(trained("a", 0.9, 1), NETWORK)
    assert "known: mtdnet-viper" in ask("mtdnet-shop", "--why")[2]
    assert "no version 7" in ask("mtdnet-viper", "--take", "7")[2]
    assert "is champion already" in ask("mtdnet-viper", "--take", "1")[2]
    done, out, _ = ask("mtdnet-viper", "--why")
    assert done == 0 and "no champion before it" in out
    own_store.set_registered_model_tag(MODEL, champion.HISTORY, json.dumps([]))
    assert "named in MLflow, without evidence" in ask("mtdnet-viper", "--why")[1]
    for text in ("1, 2", '["1"]', '[{"version": "1"}]'):
        own_store.set_registered_model_tag(MODEL, champion.HISTORY, text)
        done, _, err = ask("mtdnet-viper", "--why")
        assert (done, err.count("\n")) == (2, 1) and "its tag 'champions' is not what" in err
    assert store.location() == store.OWN


def test_whom_a_network_knows_by_name_or_by_image() -> None:
    def seen(*rows: tuple[str, str, str]) -> SplitPersons:
        columns = zip(("person", "part", "sha256"), zip(*rows, strict=True), strict=True)
        return SplitPersons(pa.table({name: list(column) for name, column in columns}))

    old = seen(("1", "train", "a"), ("2", "test", "b"), ("3", "validation", "c"), ("4", "", "d"))
    new = seen(
        *(("1", "validation", "other"), ("renamed", "validation", "b"), ("renamed", "", "z")),
        *(("3", "validation", "c"), ("4", "validation", "d"), ("5", "validation", "e")),
    )
    assert old.overlap(new) == {"1", "renamed"}
    assert old.train_persons == 1
    assert old.shares_images(new) and not old.shares_images(seen(("1", "train", "y")))
