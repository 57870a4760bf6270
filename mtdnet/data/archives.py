"""Archives, unpacked without writing outside one folder."""

import gzip
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import IO

from tqdm import tqdm

from mtdnet.data.html_check import is_page
from mtdnet.errors import InputError

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")
BLOCK = 1 << 20  # bytes
# RuntimeError: encrypted, or a compression that zipfile doesn't know.
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    gzip.BadGzipFile,
    zlib.error,
    EOFError,
    RuntimeError,
)


def is_archive(file: Path) -> bool:
    """Tell by its name whether a file is an archive that ``unpack`` reads."""
    return file.name.lower().endswith(SUFFIXES)


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a .zip, .tar, .tar.gz or .tgz into ``folder``, which is made.

    Raises InputError for a damaged archive or a web page saved as one, for a member that is
    absolute, climbs out by "..", or is a link, and for more bytes than the disk has free.
    """
    with archive.open("rb") as stream:
        if is_page(stream.read(128)):
            raise InputError(
                f"{archive}: a web page, not an archive; download the benchmark again in a browser"
            )
    folder.mkdir(parents=True)
    free, declared = shutil.disk_usage(folder).free, 0
    members = _zip(archive) if archive.name.lower().endswith(".zip") else _tar(archive)
    try:
        with tqdm(desc=f"unpack {archive.name}", unit="B", unit_scale=True) as bar:
            for name, size, content in members:
                declared += size
                if declared > free:
                    raise InputError(f"{archive}: unpacks to more than the free {free:,} bytes")
                target = folder.joinpath(*_inside(name, archive))
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as out:
                    while block := content.read(BLOCK):
                        bar.update(out.write(block))
    except DAMAGED as problem:
        line = str(problem).partition(":\n")[0]  # tarfile lists all that it tried below
        raise InputError(f"{archive}: not a whole archive ({line}); download it again") from None


def _zip(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Yield name, bytes and content of each file."""
    with zipfile.ZipFile(archive) as unzipped:
        for member in unzipped.infolist():
            if stat.S_ISLNK(member.external_attr >> 16):
                raise _link(member.filename, archive)
            if not member.is_dir():
                with unzipped.open(member) as content:
                    yield member.filename, member.file_size, content


def _tar(archive: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Yield name, bytes and content of each file."""
    with tarfile.open(archive) as untarred:
        for member in untarred:
            content = untarred.extractfile(member) if member.isreg() else None
            if content is not None:
                yield member.name, member.size, content
            elif not member.isdir():
                raise _link(member.name, archive)


def _link(name: str, archive: Path) -> InputError:
    return InputError(f"{archive}: member '{name}' is a link or device; unpack it by hand")


def _inside(name: str, archive: Path) -> tuple[str, ...]:
    """Return the parts of a member's path, read as Windows does: it knows every separator."""
    path = PureWindowsPath(name)
    if path.anchor or ".." in path.parts:
        raise InputError(f"{archive}: member '{name}' lies outside it; don't trust this archive")
    return path.parts
