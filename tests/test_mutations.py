"""Files with bytes changed at random: read, or refused in one line."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import save_file

from mtdnet.commands import same
from mtdnet.data.images import SCHEMA, Images, sealed
from mtdnet.data.layouts import table
from mtdnet.errors import InputError
from mtdnet.files import write_json
from mtdnet.inference import image_files, index_store
from mtdnet.networks import pretrained, serialization
from mtdnet.networks.alexnet import AlexNet
from mtdnet.protocol.persons import read_ids
from mtdnet.tables import read_table, write_table

COUNT = 60  # mutations a kind
WORDS = [b"\0", b'"', b",", b"\n", b"\r", b"\xef\xbb\xbf", b"\xff\xfe", b"\x80", b"nan", b"1e400"]
WORDS += [b"-1", b"9" * 5000, b"..", b"/", b"a" * 300, b" ", b"(", b")", b"{", b"None", b"<U9"]
WORDS += [b"|O", b"\xff" * 8, b"\xe2\x80\xa8", b"\x1b[2J"]
TORCH = {
    f"features.{layer}.{part}": torch.zeros(2) for layer in (0, 3) for part in ("weight", "bias")
}
NPZ = {f"conv{layer}_{part}": np.zeros((2, 2), np.float32) for layer in (1, 2) for part in "wb"}
INDEX: dict[str, Any] = {"images": "images", "network": "0" * 64, "features": 8, "halves": 0}

Case = tuple[Path, Callable[[], object]]


def csv(room: Path) -> Case:
    rows = [f'{n}.png,00{n // 2},"c{n % 2}"\n' for n in range(6)]
    return images(room, "list.csv", "path,person_id,camera_id\n" + "".join(rows))


def images(room: Path, name: str, text: str) -> Case:
    for number in range(6):
        (room / f"{number}.png").touch()
    (room / name).write_text(text)
    return room / name, lambda: table.find(room, "")


def parquet(room: Path) -> Case:
    file, read = images(room, "list.parquet", "")
    names = [f"{n}.png" for n in range(6)]
    columns = {"path": names, "person_id": [1, 1, 2, 2, 3, 3], "camera_id": [*"abab", None, "b"]}
    pq.write_table(pa.table(columns), file)
    return file, read


def pairs(room: Path) -> Case:
    file, _ = images(room, "pairs.txt", 'left,right\n0.png,1.png\n"2.png",3.png\n4.png,5.png\n')
    return file, lambda: same._pairs(file)


def ids(room: Path) -> Case:
    (room / "ids.txt").write_text("0001\n7\n1_002\n3.0\n")
    known = {"0001", "0007", "1_2", "3"}
    return room / "ids.txt", lambda: read_ids(room / "ids.txt", known, "viper")


def pixels(room: Path) -> Case:
    np.save(room / "images.npy", np.zeros((2, 8, 4, 3), np.uint8))
    kinds = [(field.name, field.type) for field in SCHEMA]
    columns = {name: ["a"] * 2 if kind == pa.string() else [4, 8] for name, kind in kinds}
    rows = pa.table(columns, schema=SCHEMA)
    write_table(sealed(rows, room / "images.npy"), room / "images.parquet")
    counts = {"benchmark": "viper", "layout": "viper", "images": 2, "test_sets": []}
    write_json(room / "counts.json", counts)
    return room / "images.npy", lambda: Images.open(room)


def rows(room: Path) -> Case:
    return room / "images.parquet", pixels(room)[1]


def triplets(room: Path) -> Case:
    write_table(pa.table({"anchor": pa.array([0, 1], pa.int32())}), room / "triplets.parquet")
    return room / "triplets.parquet", lambda: read_table(
        room / "triplets.parquet", {"anchor": pa.int32()}
    )


def features(room: Path) -> Case:
    facts = index_store.Facts(**INDEX, done=2)
    facts.write(room)
    columns = {"path": [b"a", b"b"], "bytes": [1, 2], "changed": [3, 4]}
    pq.write_table(pa.table(columns, schema=image_files.SCHEMA), room / "files.parquet")
    np.save(room / "features.npy", np.zeros((2, 8), np.float32))
    return room / "features.npy", lambda: index_store.Store.open(room)


def npz(room: Path) -> Case:
    np.savez_compressed(room / "weights.npz", allow_pickle=False, **NPZ)
    return room / "weights.npz", lambda: pretrained._npz(room / "weights.npz")


def pth(room: Path) -> Case:
    torch.save(TORCH, room / "weights.pth")
    return room / "weights.pth", lambda: pretrained._alexnet(room / "weights.pth")


def safetensors(room: Path) -> Case:
    save_file(TORCH, room / "weights.safetensors")
    return room / "weights.safetensors", lambda: pretrained.safetensors(
        room / "weights.safetensors"
    )


def network(room: Path) -> Case:
    file = room / "network.safetensors"
    serialization.save(AlexNet(1 / 64, 1 / 64), file)
    return file, lambda: serialization.load(file)


def sums(room: Path) -> Case:
    facts = index_store.Facts(**INDEX, done=2, sums=True)
    _, read = features(room)
    facts.write(room)
    made = index_store.checksums(np.load(room / "features.npy"))
    np.save(room / "sums.npy", made[:, None])
    return room / "sums.npy", read


KINDS = [csv, parquet, pairs, ids, pixels, rows, triplets, features, sums, network]
KINDS += [npz, pth, safetensors]


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Return bytes flipped, replaced, cut, doubled or moved, a few times, mostly at the ends."""
    made = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        length = len(made)
        start = rng.choice((rng.randrange(length + 1), rng.randrange(min(length, 200) + 1)))
        start = rng.choice((start, length - start))
        end = min(length, start + rng.choice((1, 2, 8, 64, length)))
        other = rng.randrange(length + 1)
        new = [bytes([rng.randrange(256)]), b"", rng.choice(WORDS), made[start:end] * 2]
        made[start:end] = rng.choice([*new, made[other : other + end - start]])
        if rng.random() < 0.1:
            del made[start:]
    return bytes(made)


@pytest.mark.parametrize("kind", KINDS)
def test_any_change_is_read_or_one_line(kind: Callable[[Path], Case], tmp_path: Path) -> None:
    file, read = kind(tmp_path)
    content = file.read_bytes()
    read()
    rng, refused = random.Random(0), 0  # noqa: S311
    for _ in range(COUNT):
        file.write_bytes(mutated(content, rng))
        try:
            read()
        except InputError as problem:
            refused += 1
            assert str(problem).isprintable()
    assert refused > COUNT / 4
