"""A disk that is full, or may not be written: one line, and what stood there stays."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from flows.environment import ROOT

FIRST = {"ingest": ["--benchmark", "viper"], "augment": ["--benchmark", "viper", "--split", "0"]}
LIMIT = 1000  # bytes a file


@pytest.fixture
def root(small: Path, tmp_path: Path) -> Path:
    """Return a folder with drawn people, and the results of both steps."""
    shutil.copytree(small, tmp_path / "results")
    (tmp_path / "data").symlink_to(small.parent / "data")
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["augment"]["splits"] = {}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    return tmp_path


def begun(root: Path, step: str, limit: int | None = None) -> subprocess.CompletedProcess[str]:
    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [sys.executable, "-m", "mtdnet", step, *FIRST[step]],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize("step", FIRST)
def test_a_full_disk_is_one_line_and_leaves_the_former_output(root: Path, step: str) -> None:
    before = contents(root / "results")
    assert before
    done = begun(root, step, LIMIT)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"error: results/{step}/")
    assert "Traceback" not in done.stderr
    assert contents(root / "results") == before
