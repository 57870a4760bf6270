"""Checkpoints of what is up to date go at a flow's end."""

from pathlib import Path

import pytest

from flows import finished
from mtdnet.training import checkpoint


def test_checkpoints_of_the_networks_that_are_there_are_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[Path] = []
    monkeypatch.setattr(checkpoint, "sweep", swept.append, raising=False)
    folder = tmp_path / "checkpoints" / "viper-0" / "mtdnet"
    folder.mkdir(parents=True)
    (tmp_path / "checkpoints" / "other-0" / "mtdnet").mkdir(parents=True)
    finished.sweep(tmp_path, [("viper", 0, "mtdnet"), ("viper", 0, "cls")])
    assert swept == [folder]
