"""The commit of the code, and of no repository that it merely lies in."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mtdnet

SAY = "from mtdnet.provenance import commit; print(commit())"


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(("ignored", "end"), [(True, None), (False, ""), (False, "+")])
def test_commit_is_that_of_the_code_or_none(ignored: bool, end: str | None, tmp_path: Path) -> None:
    library = tmp_path / "lib" / "mtdnet"
    library.mkdir(parents=True)
    for name in ("__init__", "errors", "files", "provenance"):
        shutil.copy(Path(mtdnet.__file__).with_name(f"{name}.py"), library)
    (tmp_path / ".gitignore").write_text("__pycache__\n" + ("lib\n" if ignored else ""))
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "some")
    if end:
        (library / "errors.py").open("a").write("# changed\n")
    done = subprocess.run(
        [sys.executable, "-c", SAY],
        cwd=library.parent,
        env={"PYTHONPATH": str(library.parent), "PATH": "/usr/bin:/bin:/usr/local/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = "" if end is None else git(tmp_path, "rev-parse", "HEAD") + end
    assert done.stdout.strip() == expected
