"""Pages name files that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
# `mtdnet/losses/pair.py` or `mtdnet/losses/`; NAME, BENCHMARK and the like stand for any name.
PATH = re.compile(r"`((?:mtdnet|tasks|flows|tests|configs|docs|benchmarks)/[a-z0-9_./]*)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = PATH.findall(page.read_text(encoding="utf-8"))
    assert not [name for name in named if not (ROOT / name).exists()]
