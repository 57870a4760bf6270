"""What the project's environment keeps to its user."""

import stat
from pathlib import Path

import pytest

from flows import environment


def test_nobody_else_may_write_what_dvc_unpickles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "SITE", tmp_path / ".dvc" / "tmp" / "site")
    for _ in range(2):
        folder = Path(environment.site())
        assert folder.is_relative_to(tmp_path)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
