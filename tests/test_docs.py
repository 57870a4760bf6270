"""Pages name files that are there."""

import re
from pathlib import Path

import pytest

from docs import pages

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / name for name in pages.PAGES if name.endswith(".md")]
PAGES += sorted(ROOT.glob("docs/*.md"))
# `mtdnet/losses/pair.py` or `mtdnet/losses/`; NAME, BENCHMARK and the like stand for any name.
PATH = re.compile(r"`((?:mtdnet|tasks|flows|tests|configs|docs|benchmarks)/[a-z0-9_./]*)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    named = PATH.findall(page.read_text(encoding="utf-8"))
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_between_pages_leads_to_one_of_the_built_ones(page: Path) -> None:
    built = {*pages.PAGES.values(), *(page.name for page in ROOT.glob("docs/*.md"))}
    text = pages.on_page_markdown(page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)#:]+\.md)(?:#[^)]*)?\)", text)
    assert not set(links) - built
