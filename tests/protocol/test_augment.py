import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mtdnet.data.images import sealed
from mtdnet.errors import InputError
from mtdnet.params import Augment, Split
from mtdnet.protocol.augment import augment
from mtdnet.protocol.triplets import STREAMS, draw
from mtdnet.rng import generator

Rows = list[tuple[str, str]]


def ingested(folder: Path, benchmark: str, rows: Rows, test_sets: list[list[str]]) -> Path:
    """Write an ingested benchmark of (person, camera) rows, as ``ingest`` leaves it."""
    folder.mkdir(parents=True)
    person, camera = zip(*rows, strict=True)
    count = len(rows)
    table = {
        "benchmark": [benchmark] * count,
        "person": person,
        "camera": camera,
        "path": [f"{i:04d}.png" for i in range(count)],
        "width": pa.array([48] * count, pa.int32()),
        "height": pa.array([128] * count, pa.int32()),
        "sha256": [f"{i:064x}" for i in range(count)],
        "part": [""] * count,
        "role": [""] * count,
    }
    np.save(folder / "images.npy", np.zeros((count, 227, 227, 3), np.uint8))
    pq.write_table(sealed(pa.table(table), folder / "images.npy"), folder / "images.parquet")
    counts = {
        "benchmark": benchmark,
        "layout": benchmark,
        "persons": len(set(person)),
        "cameras": len(set(camera)),
        "images": count,
        "published": None,
        "test_sets": test_sets,
    }
    (folder / "counts.json").write_text(json.dumps(counts))
    return folder


@pytest.fixture
def prid(tmp_path: Path) -> Path:
    rows = [(f"{p:04d}", c) for p in range(20) for c in "ab"]
    rows += [(f"b{p:04d}", "b") for p in range(200, 205)] + [("a0200", "a")]
    return ingested(tmp_path / "ingest", "prid2011", rows, [])


def test_the_files_say_what_was_drawn(
    prid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Augment(rounds=2, splits={"prid2011": Split(seed=5)})
    counts = augment(ingested=prid, out=tmp_path / "out", settings=settings, seed=1)
    said = "prid2011: left out persons that no two cameras saw: a0200; add images of a second"
    assert said in capsys.readouterr().err
    written = counts.model_dump(exclude_unset=True)
    assert json.loads((tmp_path / "out" / "counts.json").read_text()) == written
    split = pq.read_table(tmp_path / "out" / "split.parquet").to_pydict()
    assert list(split) == ["image", "person", "camera", "part", "role"]
    assert split["image"] == list(range(46))
    assert written == {
        "benchmark": "prid2011",
        "split": "paper",
        "seed": 5,
        "split_number": 0,
        "test_from": "published counts, scaled",
        "gallery_rule": "first",
        "persons": {"train": 9, "validation": 1, "test": 10},
        "images": {"train": 18, "validation": 2, "test": 25},
        "queries": {"validation": 1, "test": 10},
        "gallery": {"validation": 1, "test": 15},
        "distractors": 5,
        "one_camera_persons": 1,
        "positive_pairs": 9,
        "triplets": 2 * 2 * 240,
        "triplets_seed": 1,
    }
    table = pq.read_table(tmp_path / "out" / "triplets.parquet")
    streams = ("anchor", "positive", "negative")
    assert table.column_names == [*streams, *(f"{s}_mirror" for s in streams)]
    assert {str(table.schema.field(s).type) for s in streams} == {"int32"}
    assert {str(table.schema.field(f"{s}_mirror").type) for s in streams} == {"bool"}
    assert table.num_rows == counts.triplets
    person, part = np.array(split["person"]), np.array(split["part"])
    anchor, positive, negative = (table[s].to_numpy() for s in streams)
    assert (part[np.concatenate([anchor, positive, negative])] == "train").all()
    assert (person[anchor] == person[positive]).all()
    assert (person[anchor] != person[negative]).all()


def test_one_seed_gives_the_same_bytes_and_another_other_triplets(
    prid: Path, tmp_path: Path
) -> None:
    def written(name: str, seed: int) -> dict[str, bytes]:
        augment(ingested=prid, out=tmp_path / name, settings=Augment(), seed=seed)
        return {f.name: f.read_bytes() for f in (tmp_path / name).iterdir()}

    first, again, other = written("first", 1), written("again", 1), written("other", 2)
    assert first == again
    assert first["triplets.parquet"] != other["triplets.parquet"]
    assert first["split.parquet"] == other["split.parquet"]


@pytest.mark.parametrize(("number", "name"), [(0, "triplets prid2011"), (2, "triplets prid2011 2")])
def test_a_number_draws_its_own_persons_and_triplets(
    prid: Path, tmp_path: Path, number: int, name: str
) -> None:
    out = tmp_path / "out"
    counts = augment(ingested=prid, out=out, settings=Augment(), seed=6, number=number)
    assert counts.split_number == number
    split = pq.read_table(out / "split.parquet").to_pydict()
    train = np.flatnonzero(np.array(split["part"]) == "train")
    person, camera = (np.array(split[key])[train] for key in ("person", "camera"))
    drawn, _ = draw(person, camera, Augment(), generator(6, name), "prid2011")
    table = pq.read_table(out / "triplets.parquet")
    assert np.array_equal(np.stack([table[s].to_numpy() for s in STREAMS], axis=1), train[drawn])


def test_the_counts_say_what_is_in_the_gallery(tmp_path: Path) -> None:
    rows = [(f"{p:04d}", c) for p in range(20) for c in "aabbb"]
    source = ingested(tmp_path / "in", "cuhk01", rows, [])
    settings = Augment(splits={"cuhk01": Split(name="random", test=4, gallery="all")})
    counts = augment(ingested=source, out=tmp_path / "out", settings=settings, seed=0)
    assert counts.gallery_rule == "all"
    assert counts.queries.model_dump() == {"validation": 10, "test": 8}
    assert counts.gallery.model_dump() == {"validation": 5, "test": 12}


def test_published_test_persons_of_the_ingested_benchmark_are_taken(tmp_path: Path) -> None:
    rows = [(f"1_{p:03d}", f"1{v}") for p in range(12) for v in "ab" for _ in range(2)]
    source = ingested(tmp_path / "in", "cuhk03", rows, [["1_003", "1_007"]])
    counts = augment(ingested=source, out=tmp_path / "out", settings=Augment(), seed=0)
    assert counts.test_from == "published list 1 of 1"
    split = pq.read_table(tmp_path / "out" / "split.parquet").to_pydict()
    test = {p for p, part in zip(split["person"], split["part"], strict=True) if part == "test"}
    assert test == {"1_003", "1_007"}


def test_bad_input_leaves_nothing_behind(tmp_path: Path) -> None:
    source = ingested(tmp_path / "in", "viper", [("x", "a"), ("x", "b")], [])
    with pytest.raises(InputError, match="viper: seen by two cameras are 1 to test and 0 more"):
        augment(ingested=source, out=tmp_path / "out", settings=Augment(), seed=0)
    assert [p.name for p in tmp_path.iterdir()] == ["in"]
    with pytest.raises(InputError, match="missing"):
        augment(ingested=tmp_path / "missing", out=tmp_path / "out", settings=Augment(), seed=0)


def test_folds_hold_each_training_person_out_once(prid: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    settings = Augment(negatives=2, pairs=3, splits={"prid2011": Split(name="random", folds=3)})
    counts = augment(ingested=prid, out=out, settings=settings, seed=6)
    assert counts.folds == 3
    assert (counts.persons.validation, counts.queries.validation) == (0, 0)
    whole = pq.read_table(out / "split.parquet").to_pydict()
    person, part = np.array(whole["person"]), np.array(whole["part"])
    everybody = sorted(set(person[part == "train"]))
    assert len(everybody) == counts.persons.train and "validation" not in part
    held_out = []
    for fold in sorted((out / "folds").iterdir()):
        split = pq.read_table(fold / "split.parquet").to_pydict()
        own, role = np.array(split["part"]), np.array(split["role"])
        held, others = set(person[own == "validation"]), set(person[own == "train"])
        assert sorted(held | others) == everybody and not held & others
        assert (own[part != "train"] == "").all(), "no test person is in it"
        for one in held:
            assert sorted(role[(person == one) & (role != "")])[:1] == ["gallery"]
            assert "query" in role[person == one]
        assert (role[own != "validation"] == "").all()
        triplets = pq.read_table(fold / "triplets.parquet")
        rows = np.concatenate([triplets[s].to_numpy() for s in STREAMS])
        assert (own[rows] == "train").all()
        held_out += sorted(held)
    assert sorted(held_out) == everybody
    augment(ingested=prid, out=tmp_path / "again", settings=settings, seed=6)
    for file in out.rglob("*.parquet"):
        assert file.read_bytes() == (tmp_path / "again" / file.relative_to(out)).read_bytes()


def test_more_folds_than_persons_allow_is_one_line(prid: Path, tmp_path: Path) -> None:
    settings = Augment(splits={"prid2011": Split(folds=50)})
    with pytest.raises(InputError, match=r"folds: \d+ persons are not for testing, .* at most"):
        augment(ingested=prid, out=tmp_path / "out", settings=settings, seed=6)
