"""Archives, unpacked without writing outside one folder."""

import errno
import gzip
import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PureWindowsPath
from typing import IO

from tqdm import tqdm

from mtdnet.data.decode import is_page
from mtdnet.errors import InputError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
BLOCK = 1 << 20  # bytes
MEMBERS = 1_000_000
RECORD = 22 + 0xFFFF  # bytes that a .zip's last record has at most, with its comment
END = 512  # zero bytes that a .tar ends with, at least
BEHIND = 64  # blocks of gzip that may follow them
# What the system says of a name that no new file can have.
NO_NAME = (errno.ENAMETOOLONG, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.EILSEQ)

Member = tuple[str, IO[bytes]]


def is_archive(file: Path) -> bool:
    """Tell by its name whether a file is an archive that ``unpack`` reads."""
    return file.name.lower().endswith(SUFFIXES)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a .zip, .tar, .tar.gz or .tgz into ``folder``, which is made.

    Read to its end, so that every checksum that it has is held against: those of a .zip's members,
    that of gzip; a plain .tar has none of its members' contents. Stricter than tarfile's "data"
    filter: what climbs out isn't moved inside but refused.

    Raises InputError for a damaged archive or a web page saved as one, for a member that is
    absolute, climbs out by "..", is a link or stands there twice, for more than ``MEMBERS``, and
    for more bytes than the disk has free.
    """
    with archive.open("rb") as stream:
        if is_page(stream.read(128)):
            raise InputError(
                f"{archive}: a web page, not an archive; download the benchmark again in a browser"
            )
    folder.mkdir(parents=True)
    try:
        _write(archive, folder)
    except InputError:
        raise
    except Exception as problem:  # of any kind: strangers wrote it
        if isinstance(problem, OSError) and problem.errno not in (None, errno.EINVAL):
            raise  # the system's: a full disk
        headless = isinstance(problem, OSError) and problem.errno == errno.EINVAL
        reason = "its head is missing" if headless else str(problem)
        line = reason.partition(":\n")[0] or type(problem).__name__  # below: what tarfile tried
        raise InputError(f"{archive}: not a whole archive ({line}); download it again") from None


def _write(archive: Path, folder: Path) -> None:
    left = free = shutil.disk_usage(folder).free
    members = _zip(archive) if archive.name.lower().endswith(".zip") else _tar(archive)
    with tqdm(desc=f"unpack {archive.name}", unit="B", unit_scale=True) as bar:
        for number, (name, content) in enumerate(members):
            if number == MEMBERS:
                raise InputError(f"{archive}: more than {MEMBERS:,} members; unpack it by hand")
            with _created(folder.joinpath(*_inside(name, archive)), name, archive) as out:
                while block := content.read(BLOCK):
                    left -= len(block)
                    if left < 0:
                        raise InputError(f"{archive}: unpacks to more than the free {free:,} bytes")
                    bar.update(out.write(block))


def _zip(archive: Path) -> Iterator[Member]:
    """Yield name and content of each file."""
    with zipfile.ZipFile(archive) as unzipped:
        _check_count(archive, len(unzipped.infolist()))
        for member in unzipped.infolist():
            if stat.S_ISLNK(member.external_attr >> 16):
                raise _link(member.filename, archive)
            if not member.is_dir():
                with unzipped.open(member) as content:
                    yield member.filename, content


def _check_count(archive: Path, listed: int) -> None:
    """Raise BadZipFile when a .zip's last record counts other members than its directory lists.

    zipfile doesn't look: one wrong length in the directory, and the members behind it are gone.
    """
    with archive.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - RECORD))
        end = stream.read()
    at = end.rfind(b"PK\5\6")
    counted = int.from_bytes(end[at + 10 : at + 12], "little")
    if counted not in (listed % (1 << 16), 0xFFFF):  # the latter: too many for this record
        raise zipfile.BadZipFile(f"{listed} of {counted} members are listed")


def _tar(archive: Path) -> Iterator[Member]:
    """Yield name and content of each file, in the order in which they stand there."""
    with ExitStack() as stack:
        stream: IO[bytes] | gzip.GzipFile = stack.enter_context(archive.open("rb"))
        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - END))
        if not packed and any(stream.read()):
            raise EOFError("its end is missing")
        stream.seek(0)
        if packed:
            stream = stack.enter_context(gzip.open(stream))
        opened = stack.enter_context(tarfile.open(fileobj=stream, mode="r|"))
        for member in opened:
            content = opened.extractfile(member) if member.isreg() else None
            if content is not None:
                yield member.name, content
            elif not member.isdir():
                raise _link(member.name, archive)
        for _ in range(BEHIND):  # to gzip's checksum
            if not stream.read(BLOCK):
                return
        raise InputError(f"{archive}: goes on after its end; don't trust this archive")


@contextmanager
def _created(target: Path, name: str, archive: Path) -> Iterator[IO[bytes]]:
    """Open a new file below the folder; InputError when the member's name can't be one's."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        out = target.open("xb")
    except OSError as problem:
        if problem.errno not in NO_NAME:
            raise
        raise InputError(
            f"{archive}: member '{name[:99]}' stands there twice, or can't be a file's name; "
            "unpack it by hand"
        ) from None
    with out:
        yield out


def _link(name: str, archive: Path) -> InputError:
    return InputError(f"{archive}: member '{name}' is a link or device; unpack it by hand")


def _inside(name: str, archive: Path) -> tuple[str, ...]:
    """Return the parts of a member's path, read as Windows does: it knows every separator."""
    path = PureWindowsPath(name)
    if path.anchor or ".." in path.parts:
        raise InputError(f"{archive}: member '{name}' lies outside it; don't trust this archive")
    return path.parts
