import json
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from mtdnet.errors import InputError
from mtdnet.params import Report
from mtdnet.report import report
from mtdnet.report.labels import SYSTEMS
from mtdnet.report.load import evaluations

Write = Callable[..., Path]
VOID = {"meta", "link", "img", "br"}
NETWORKS, PAIR_HEADS = 5, 4  # of a split; those that tell probabilities


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


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_the_page_requests_nothing(html: str, page: Page) -> None:
    assert "://" not in re.sub(r"data:image/png;base64,[\w+/=]+", "", html)
    assert not page.all("script") and not page.all("iframe") and "@import" not in html
    for _, attributes in page.elements:
        for name in ("src", "href"):
            assert re.match(r"data:|#", attributes.get(name) or "#")
    targets = [a["id"] for _, a in page.elements if "id" in a]
    assert len(targets) == len(set(targets))
    assert {str(a["href"]) for a in page.all("a")} <= {f"#{target}" for target in targets}


def test_the_page_is_for_everybody(page: Page) -> None:
    assert page.all("html")[0]["lang"] == "en" and page.all("meta")
    assert [len(page.all(tag)) for tag in ("header", "nav", "main", "h1")] == [1, 1, 1, 1]
    names = {a["id"] for a in page.all("h2")}
    assert [a["aria-labelledby"] in names for a in page.all("section")] == [True] * 4
    assert page.all("a")[0] == {"class": "skip", "href": "#results"}
    headings = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1 and all(b <= a + 1 for a, b in pairwise(headings))
    assert all(header["scope"] for header in page.all("th"))
    assert len(page.all("table")) == len(page.all("caption"))
    boxes = [box for box in page.all("div") if box.get("class") == "scroll"]
    assert len(boxes) > len(page.all("table"))  # wide pictures too
    assert all(b["tabindex"] == "0" and b["aria-label"] and b["role"] == "group" for b in boxes)
    assert len(page.all("details")) == len(page.all("summary"))


def test_every_picture_has_its_numbers_in_words(page: Page) -> None:
    # Of a benchmark: CMC curves and cases; a ranked list and losses of each network; where it
    # looked and its reliability of each pair head. Of the first split alone.
    images = page.all("img")
    assert len(images) == 2 * (2 + 2 * NETWORKS + 2 * PAIR_HEADS)
    assert len(page.all("figcaption")) == len(page.all("figure")) == len(images)
    assert all(image["width"] and image["height"] for image in images)
    told = [str(image["alt"]) for image in images]
    for start in ("CMC curves on", "Queries of", "Pairs of images of", "Reliability of", "Losses"):
        found = [alt for alt in told if alt.startswith(start)]
        assert found and all(re.search(r"\d", alt.removeprefix(start)) for alt in found)


def test_texts_are_escaped(tmp_path: Path, evaluated: Write) -> None:
    folder = evaluated()
    facts = json.loads((folder / "facts.json").read_text()) | {"device": "<script>&\"'"}
    (folder / "facts.json").write_text(json.dumps(facts))
    report(
        evaluations=[folder],
        models=[],
        out=tmp_path / "r",
        settings=Report(title="<b>$summary</b>"),
    )
    page = Page((tmp_path / "r" / "index.html").read_text(encoding="utf-8"))
    assert page.texts.count("<b>$summary</b>") == 2  # title and heading
    assert "<script>&\"'" in page.texts
    assert not page.all("script") and not page.all("b")


def test_published_and_our_figures_stand_side_by_side(html: str, written: tuple[Path, str]) -> None:
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", html)
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
    assert "its text speaks of 18 other methods, the printed table holds these 17" in html
    ours = dict(tables[23:29])
    assert list(ours) == list(SYSTEMS)
    root = written[0].parent / "evaluate"
    of = evaluations([root / f"viper-{s}" / "rnk" for s in range(3)])
    values = [100 * e.figures["MTDnet-rnk"]["rank-1"] for e in of]
    mean = sum(values) / 3
    sd = (sum((v - mean) ** 2 for v in values) / 2) ** 0.5
    assert ours["MTDnet-rnk"][7] == f'{mean:.2f}* <span class="sd">(± {sd:.2f})</span>'
    assert ours["MTDnet-rnk"][1:7] + ours["MTDnet-rnk"][10:16] == ["-"] * 12
    assert "VIPeR: 14 training + 20 test persons, published 316 + 316; shop-west: 14" in html


def test_a_system_without_an_evaluation_is_a_dash(tmp_path: Path, evaluated: Write) -> None:
    report(evaluations=[evaluated("viper-0/rnk")], models=[], out=tmp_path / "r", settings=Report())
    html = (tmp_path / "r" / "index.html").read_text(encoding="utf-8")
    (row,) = re.findall(r'<th scope="row">MTDnet-cross</th>(.*?)</tr>', html)
    assert re.findall("<td>(.*?)</td>", row) == ["Cl/Rnk", *["-"] * 15]
    absent = ("Which head is right?", "Paired comparisons", "looked", "Calibration", "Training")
    assert not [name for name in absent if f"{name}</h" in html]
    assert '<span class="sd">' not in html and "standard deviation" not in html


def test_every_figure_says_what_it_rests_on(page: Page) -> None:
    rests = (
        "Rests on split random; split number {}; split seed 3; training seed 7; device CPU; "
        "commit 0123456789ab+; hash of images and split fedcba987654."
    )
    ends = [text[text.index("Rests on") :] for text in page.texts if "Rests on" in text]
    # Of all splits: the measures, CMC curves and differences; of the first: the other pictures.
    count = 2 * (1 + 2 * NETWORKS + 2 * PAIR_HEADS)
    assert Counter(ends) == {rests.format("0, 1, 2"): 2 * 3, rests.format("0"): count}
    assert "0123456789abcdef0123456789abcdef01234567+" in page.texts  # in full once


def test_the_heads_are_counted_over_the_splits(html: str, written: tuple[Path, str]) -> None:
    root = written[0].parent / "evaluate"
    cases = [e.facts["cases"] for e in evaluations([root / f"viper-{s}/mtdnet" for s in range(3)])]
    kinds = ("both", "pair head alone", "ranking head alone", "neither")
    sums = {kind: sum(one[kind] for one in cases) for kind in kinds}
    cells = "".join(f"<td>{n} ({n / 120:.1%})</td>" for n in sums.values())
    assert f'<tr><th scope="row">all</th>{cells}<td>120</td></tr>' in html
    assert (
        f"Over all splits both: {sums['both']}, pair head alone: {sums['pair head alone']}," in html
    )


def test_plots_have_their_values(html: str) -> None:
    assert html.count("<summary>Values of the CMC curves</summary>") == 2
    assert html.count("<summary>Values of the reliability curves</summary>") == 2 * PAIR_HEADS
    curve = "<td>0.1000</td><td>0.2000</td><td>0.1500</td><td>0.0980</td><td>0.1000</td>"
    assert f'<tr><th scope="row">calibrated</th>{curve}</tr>' in html
    for split in range(3):  # the other splits of a training have values alone
        assert html.count(f"<summary>Values of VIPeR, aug, split {split}</summary>") == 1
    step = "<td>9600</td><td>0.5000</td><td>0.3500</td><td>0.6250</td><td>0.5750</td>"
    assert html.count(f'<tr><th scope="row">40</th>{step}</tr>') == 2 * 3 * NETWORKS


def test_the_folder_holds_page_and_table(written: tuple[Path, str]) -> None:
    assert sorted(p.name for p in written[0].iterdir()) == ["index.html", "table.csv", "table.txt"]
    assert written[1].startswith("benchmark  system")


def test_nothing_to_report_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no evaluation to report"):
        report(evaluations=[tmp_path / "x-0/y"], models=[], out=tmp_path / "r", settings=Report())
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("name", ["ranked", "cases", "looked", "reliability"])
def test_a_missing_picture_is_named_and_leaves_no_page(
    tmp_path: Path, evaluated: Write, name: str
) -> None:
    folder = evaluated()
    picture = folder / "pictures" / f"{name}.png"
    picture.write_bytes(b"no picture")
    for told in ("no picture; run the step that draws it again", "no such file"):
        with pytest.raises(InputError, match=rf"viper-0/mtdnet/pictures/{name}.png: {told}"):
            report(evaluations=[folder], models=[], out=tmp_path / "r", settings=Report())
        picture.unlink(missing_ok=True)
    assert not (tmp_path / "r").exists()
