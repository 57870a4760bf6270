import gzip
import io
import shutil
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from mtdnet.data import archives as module
from mtdnet.data.archives import SUFFIXES, is_archive, unpack
from mtdnet.errors import InputError

Write = Callable[[Path, str, bytes], None]


def into_zip(file: Path, name: str, content: bytes) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(name, content)


def into_tar(file: Path, name: str, content: bytes) -> None:
    with tarfile.open(file, "w:" if file.suffix == ".tar" else "w:gz") as packed:
        member = tarfile.TarInfo(name)
        member.size = len(content)
        packed.addfile(member, io.BytesIO(content))


def write_for(suffix: str) -> Write:
    return into_zip if suffix == ".zip" else into_tar


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_members_are_unpacked(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"VIPeR{suffix}"
    content = bytes(range(256)) * 9000  # more than one block
    write_for(suffix)(file, "VIPeR/cam_a/000_45.bmp", content)
    assert is_archive(file)
    unpack(file, tmp_path / "out")
    assert (tmp_path / "out/VIPeR/cam_a/000_45.bmp").read_bytes() == content


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_folders_are_members_too(tmp_path: Path, suffix: str) -> None:
    shutil.make_archive(str(tmp_path / "a"), suffix[1:], root_dir=Path(__file__).parent)
    unpack(tmp_path / f"a{suffix}", tmp_path / "out")
    assert (tmp_path / "out" / Path(__file__).name).read_bytes() == Path(__file__).read_bytes()


def test_separators_of_windows(tmp_path: Path) -> None:
    into_zip(tmp_path / "a.zip", "VIPeR\\cam_a\\000_45.bmp", b"x")
    unpack(tmp_path / "a.zip", tmp_path / "out")
    assert (tmp_path / "out/VIPeR/cam_a/000_45.bmp").read_bytes() == b"x"


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tgz"])
@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/{}/x", "..\\x", "C:\\x", "C:x", "\\\\host\\share\\x"]
)
def test_members_outside_are_refused(tmp_path: Path, suffix: str, name: str) -> None:
    file = tmp_path / f"a{suffix}"
    write_for(suffix)(file, name.format(tmp_path), b"x")
    with pytest.raises(InputError, match=r"a\.\w+: member '.*' lies outside"):
        unpack(file, tmp_path / "out")
    assert sorted(p.name for p in tmp_path.rglob("*")) == sorted([file.name, "out"])


def test_links_in_a_tar_are_refused(tmp_path: Path) -> None:
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
        file = tmp_path / f"{kind.decode()}.tar"
        with tarfile.open(file, "w") as packed:
            member = tarfile.TarInfo("link")
            member.type, member.linkname = kind, "/etc/passwd"
            packed.addfile(member)
        with pytest.raises(InputError, match="member 'link' is a link or device"):
            unpack(file, tmp_path / f"out{kind.decode()}")


def test_links_in_a_zip_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        member = zipfile.ZipInfo("link")
        member.create_system = 3  # Unix
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        packed.writestr(member, "/etc/passwd")
    with pytest.raises(InputError, match="member 'link' is a link"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_web_page_is_refused(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"VIPeR{suffix}"
    file.write_text("\n<!DOCTYPE html>\n<html><body>404 Not Found</body></html>")
    with pytest.raises(InputError, match="a web page, not an archive"):
        unpack(file, tmp_path / "out")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_truncated_archive_is_refused(tmp_path: Path, suffix: str, kept: float) -> None:
    file = tmp_path / f"VIPeR{suffix}"
    # Bytes that don't compress, so that half of the archive is half of the content.
    content = b"".join(i.to_bytes(8, "big") for i in range(0, 2**64 - 1, 2**50))
    write_for(suffix)(file, "VIPeR/x.bmp", content)
    file.write_bytes(file.read_bytes()[: int(kept * file.stat().st_size)])
    with pytest.raises(InputError, match=r"not a whole archive .*; download it again"):
        unpack(file, tmp_path / "out")


def test_flipped_byte_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    into_zip(file, "x", b"x" * 1000)
    content = bytearray(file.read_bytes())
    content[36] ^= 0xFF  # behind the 30 bytes of header and the name
    file.write_bytes(content)
    with pytest.raises(InputError, match="not a whole archive"):
        unpack(file, tmp_path / "out")


@pytest.mark.parametrize("suffix", [".zip", ".tgz"])
def test_more_than_the_disk_has_free_is_refused(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free=99_999))
    write_for(suffix)(tmp_path / f"a{suffix}", "x", b"\0" * 100_000)
    with pytest.raises(InputError, match="more than the free 99,999 bytes"):
        unpack(tmp_path / f"a{suffix}", tmp_path / "out")
    assert (tmp_path / "out/x").stat().st_size < 100_000


def test_gzip_is_read_to_its_checksum(tmp_path: Path) -> None:
    """Tarfile alone stops at the end of the .tar, with whatever pixels came out."""
    file = tmp_path / "a.tar.gz"
    into_tar(file, "x", bytes(range(256)) * 400)
    content = bytearray(file.read_bytes())
    content[-8] ^= 1  # CRC-32, then the length, close the file
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"a\.tar\.gz: not a whole archive \(CRC check failed"):
        unpack(file, tmp_path / "out")


def test_what_goes_on_for_ever_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.tgz"
    into_tar(file, "x", b"x")
    with gzip.open(file, "ab") as stream:
        stream.write(b"\0" * 3 * module.BLOCK)
    monkeypatch.setattr(module, "BEHIND", 2)
    with pytest.raises(InputError, match="goes on after its end"):
        unpack(file, tmp_path / "out")


def test_a_tar_cut_between_members_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.tar"
    into_tar(file, "x", b"x" * 1024)
    file.write_bytes(file.read_bytes()[: 512 + 1024])
    with pytest.raises(InputError, match=r"not a whole archive \(its end is missing\)"):
        unpack(file, tmp_path / "out")


def test_a_zip_without_its_head_is_not_whole(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    into_zip(file, "x", np.random.default_rng(0).bytes(5000))
    file.write_bytes(file.read_bytes()[3000:])
    with pytest.raises(InputError, match=r"a\.zip: not a whole archive \(its head is missing\)"):
        unpack(file, tmp_path / "out")


@pytest.mark.parametrize("names", [("x", "x"), ("x", "x/y"), ("x/y", "x"), ("n" * 300,)])
@pytest.mark.parametrize("suffix", [".zip", ".tar"])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_no_file_can_have(tmp_path: Path, suffix: str, names: tuple[str, ...]) -> None:
    file = tmp_path / f"a{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(file, "w") as packed:
            for name in names:
                packed.writestr(name, "")
    else:
        with tarfile.open(file, "w") as packed_tar:
            for name in names:
                packed_tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(InputError, match="stands there twice, or can't be a file's name"):
        unpack(file, tmp_path / "out")


def test_members_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.make_archive(str(tmp_path / "a"), "zip", root_dir=Path(__file__).parent)
    monkeypatch.setattr(module, "MEMBERS", 2)
    with pytest.raises(InputError, match="more than 2 members"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_a_zip_that_declares_less_than_it_holds_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    into_zip(file, "x", b"\0" * 100_000)
    content = file.read_bytes()
    file.write_bytes(content.replace(struct.pack("<I", 100_000), struct.pack("<I", 10)))
    with pytest.raises(InputError, match="not a whole archive"):
        unpack(file, tmp_path / "out")


def test_a_zip_whose_directory_lost_members_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w") as packed:
        for name in "abc":
            packed.writestr(name, name)
    content = bytearray(file.read_bytes())
    content[content.index(b"PK\1\2") + 33] ^= 1  # 256 bytes of comment behind a
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"not a whole archive \(1 of 3 members are listed\)"):
        unpack(file, tmp_path / "out")
