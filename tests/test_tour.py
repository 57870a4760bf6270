"""docs/tour.md, as a reader would run it, with a shorter training."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@pytest.mark.slow
@pytest.mark.timeout(900)  # thirteen starts of Python with torch
def test_every_command_of_the_tour_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    commands = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    assert len(commands) == 12
    env = os.environ | {"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": str(tmp_path)}
    printed = ""
    for command in commands:
        words = re.sub(r"^mtdnet\b", "python -m mtdnet", command)
        words = re.sub(r"^python\b", sys.executable, words)
        done = subprocess.run(
            words.split(), cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        printed += done.stdout
        if command == "mtdnet init":
            shorten(tmp_path / "params.yaml")
    assert "shop: table, 96 images, 2 cameras; persons: 13 train, 5 validation, 6 test" in printed
    assert (tmp_path / "results" / "report" / "index.html").is_file()
    assert re.search(r"^[01]\.\d\d  data/shop/images/0001-1.jpg", printed, re.MULTILINE)
    assert (tmp_path / "sheet.html").is_file()
    assert (tmp_path / "results/evaluate/shop-0/mtdnet/pictures/ranked.png").is_file()
    assert all((ROOT / "docs" / file).is_file() for file in re.findall(r"]\((\S+\.png)\)", text))


def shorten(parameters: Path) -> None:
    text = parameters.read_text(encoding="utf-8")
    for long, short in (("steps: 600", "steps: 6"), ("width: 0.125", "width: 0.0625")):
        assert long in text
        text = text.replace(long, short)
    parameters.write_text(text, encoding="utf-8")
