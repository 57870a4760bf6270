import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mtdnet.errors import InputError
from mtdnet.params import Report
from mtdnet.report import report

Write = Callable[..., Path]
VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """Collects elements and texts, and checks that every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def written(tmp_path: Path, evaluated: Write, trained: Write) -> tuple[Path, str]:
    """Write the report of two evaluations and two trainings, of which a folder is missing."""
    missing = tmp_path / "evaluate" / "cuhk01-mtdnet"
    folders = [missing, evaluated("mine-cls", **{"MTDnet-cls": 0.125}), evaluated()]
    models = [trained(), trained("cuhk03-mtdnet"), tmp_path / "models" / "cuhk01-mtdnet"]
    out = tmp_path / "report"
    text = report(evaluations=folders, models=models, out=out, settings=Report("<Drawn> & more"))
    return out, text


def test_the_page_requests_nothing(written: tuple[Path, str]) -> None:
    text = (written[0] / "index.html").read_text(encoding="utf-8")
    page = Page(text)
    assert "://" not in re.sub(r"data:image/png;base64,[\w+/=]+", "", text)
    assert not page.all("script") and not page.all("iframe") and "@import" not in text
    for _, attributes in page.elements:
        for name in ("src", "href"):
            assert re.match(r"data:|#", attributes.get(name) or "#")
    targets = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    assert {str(a["href"]) for a in page.all("a")} == {f"#{target}" for target in targets}


def test_the_page_is_for_everybody(written: tuple[Path, str]) -> None:
    page = Page((written[0] / "index.html").read_text(encoding="utf-8"))
    assert page.all("html")[0]["lang"] == "en" and page.all("meta")
    assert len(page.all("h1")) == 1 and len(page.all("h2")) == 4
    assert all(image["alt"] for image in page.all("img"))
    assert len(page.all("img")) == len(page.all("figcaption")) == 2 * 2 + 2
    assert all(header["scope"] for header in page.all("th"))
    assert len(page.all("table")) == len(page.all("caption"))
    boxes = [box for box in page.all("div") if box.get("class") == "scroll"]
    assert len(boxes) == len(page.all("table"))
    assert all(b["tabindex"] == "0" and b["aria-label"] and b["role"] == "region" for b in boxes)
    # Values of each curve, and the facts of each evaluation and training.
    assert len(page.all("details")) == len(page.all("summary")) == 2 * 2 + 2 * 2


def test_texts_are_escaped(tmp_path: Path, evaluated: Write) -> None:
    folder = evaluated()
    facts = json.loads((folder / "facts.json").read_text()) | {"device": "<script>&\"'"}
    (folder / "facts.json").write_text(json.dumps(facts))
    report(evaluations=[folder], models=[], out=tmp_path / "r", settings=Report("<b>$summary</b>"))
    page = Page((tmp_path / "r" / "index.html").read_text(encoding="utf-8"))
    assert page.texts.count("<b>$summary</b>") == 2  # title and heading
    assert "<script>&\"'" in page.texts
    assert not page.all("script") and not page.all("b")


def test_published_and_our_figures_stand_side_by_side(written: tuple[Path, str]) -> None:
    text = (written[0] / "index.html").read_text(encoding="utf-8")
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", text)
    tables = [
        (re.sub(r"<.*?>", "", name), re.findall(r"<td>(.*?)</td>", row)) for name, row in rows
    ]
    published = dict(tables[:23])
    assert Counter(len(row) for row in published.values()) == {1 + 18: 23}
    assert published["MTDnet (Chen et al. 2017)"][1:10] == [
        *("74.68", "95.99", "97.47"),
        *("77.50", "95.00", "97.50"),
        *("45.89", "71.84", "83.23"),
    ]
    ours = dict(tables[23:26])
    assert list(ours) == ["MTDnet-cls", "MTDnet-trp", "MTDnet"]
    assert ours["MTDnet"][7:10] == ["40.00*", "57.14*", "78.57*"]
    assert ours["MTDnet"][1:7] + ours["MTDnet"][10:] == ["-"] * 15
    assert ours["MTDnet-cls"][16:] == ["12.50*", "37.50*", "68.75*"]
    assert "VIPeR: 14 training + 15 test persons, published 316 + 316; mine: 14" in text


def test_every_figure_says_what_it_rests_on(written: tuple[Path, str]) -> None:
    page = Page((written[0] / "index.html").read_text(encoding="utf-8"))
    rests = (
        "Rests on split paper; split seed 3; training seed 7; scored on CPU; commit 0123456789ab+; "
        "hash of images and split fedcba987654."
    )
    captions = [text for text in page.texts if text.endswith(rests)]
    assert len(captions) == 2 * 3  # figures, curves, lists
    assert "0123456789abcdef0123456789abcdef01234567+" in page.texts


def test_plots_have_their_values(written: tuple[Path, str]) -> None:
    text = (written[0] / "index.html").read_text(encoding="utf-8")
    assert '<tr><th scope="row">15</th><td>100.00</td><td>100.00</td></tr>' in text
    assert (
        '<tr><th scope="row">40</th><td>9600</td><td>0.5000</td><td>0.3500</td>'
        "<td>0.6250</td><td>0.5750</td></tr>"
    ) in text


def test_the_terminal_text_and_the_csv_file(written: tuple[Path, str]) -> None:
    out, text = written
    assert text.splitlines() == [
        "benchmark  system      rank-1  rank-5  rank-10    mAP  paper rank-1",
        "VIPeR      MTDnet-cls       -       -        -      -        44.30*",
        "VIPeR      MTDnet-trp   25.00   46.43    73.21  35.00        34.81*",
        "VIPeR      MTDnet       40.00   57.14    78.57  50.00        45.89*",
        "mine       MTDnet-cls   12.50   37.50    68.75  22.50             -",
        "mine       MTDnet-trp       -       -        -      -             -",
        "mine       MTDnet           -       -        -      -             -",
        "* published for other persons: not comparable",
    ]
    rows = list(csv.DictReader((out / "table.csv").read_text().splitlines()))
    assert [(r["benchmark"], r["system"], r["rank-1"], r["mAP"]) for r in rows] == [
        ("viper", "MTDnet-trp", "25.00", "35.00"),
        ("viper", "MTDnet", "40.00", "50.00"),
        ("mine", "MTDnet-cls", "12.50", "22.50"),
    ]
    assert rows[0]["commit"] == "0123456789abcdef0123456789abcdef01234567+"
    assert sorted(p.name for p in out.iterdir()) == ["index.html", "table.csv"]


def test_nothing_to_report_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no evaluation to report"):
        report(evaluations=[tmp_path / "x-y"], models=[], out=tmp_path / "r", settings=Report())
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("name", ["metrics.json", "facts.json", "cmc.csv", "cmc.png", "ranked.png"])
def test_a_broken_evaluation_is_named_and_leaves_no_page(
    tmp_path: Path, evaluated: Write, name: str
) -> None:
    folder = evaluated()
    (folder / name).unlink()
    with pytest.raises(InputError, match=rf"viper-mtdnet/{name}: no such file"):
        report(evaluations=[folder], models=[], out=tmp_path / "r", settings=Report())
    assert not (tmp_path / "r").exists()


def test_a_system_measured_twice_is_an_error(tmp_path: Path, evaluated: Write) -> None:
    folders = [evaluated(), evaluated("viper-other", MTDnet=0.5)]
    with pytest.raises(InputError, match=r"viper-other: MTDnet is in .*viper-mtdnet too"):
        report(evaluations=folders, models=[], out=tmp_path / "r", settings=Report())
