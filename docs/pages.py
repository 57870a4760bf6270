"""A hook of MkDocs: the pages that lie outside of this folder, and one a room for the API."""

from __future__ import annotations

import re
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # MkDocs alone calls what needs it
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "benchmarks/results.md": "benchmarks.md",
    "LICENSE": "license.txt",
}
FOREIGN = re.compile(r'<(?:script|img|iframe|link)\b[^>]*(?:src|href)="(?:https?:)?//[^"]*"')
LINK = re.compile(r"(?<=\]\()(?:\.\./|docs/)?([\w/-]+(?:\.md)?)(?=[)#])")
ROOMS = sorted({module.name for module in iter_modules([str(ROOT / "mtdnet")])} - {"__main__"})


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the API to the pages' order."""
    config.nav = [*(config.nav or []), {"API": [{name: f"api/{name}.md"} for name in ROOMS]}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    from mkdocs.structure.files import File

    for source, page in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    for name in ROOMS:
        files.append(File.generated(config, f"api/{name}.md", content=f"::: mtdnet.{name}\n"))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Return a page with its links to files of the repository as links between pages."""
    return LINK.sub(lambda link: PAGES.get(link[1], link[1]), markdown)


def on_post_page(output: str, **_: object) -> str:
    """Refuse a page that would load something from another host."""
    from mkdocs.exceptions import PluginError

    if request := FOREIGN.search(output):
        raise PluginError(f"a page must ask no other host: {request[0]}")
    return output
