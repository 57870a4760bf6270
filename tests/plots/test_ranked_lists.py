from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mtdnet.errors import InputError
from mtdnet.metrics.cmc import Probes, ranks
from mtdnet.plots.query_gallery import QueryGallery
from mtdnet.plots.ranked_lists import draw_ranked_lists
from mtdnet.plots.sheet import Sheet

Bools = NDArray[np.bool_]


def drawn(
    target: Path,
    persons: int = 30,
    queries: int = 6,
    score: NDArray[np.float64] | None = None,
    matched: bool = True,
) -> None:
    """Draw ``persons`` queries of camera a and as many gallery images of camera b."""
    random = np.random.default_rng(0)
    query = np.arange(persons)
    person = np.tile(query.astype(str), 2)
    score = random.random((persons, persons)) if score is None else score
    ranks_ = ranks(-score, Probes(person[:persons], person[persons:])) if matched else 0 * query
    draw_ranked_lists(
        QueryGallery(
            pixels=random.integers(0, 256, (2 * persons, 227, 227, 3), np.uint8),
            person=person,
            camera=np.repeat(["a", "b"], persons),
            query=query,
            gallery=query + persons,
        ),
        score=score,
        ranks=ranks_,
        target=target,
        queries=queries,
    )


def shown(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, bool | None]]:
    """Collect label above, label below and truth of every image that is drawn."""
    labels: list[tuple[str, str, bool | None]] = []

    def collect(_: Sheet, *place_and_labels: Any) -> None:
        labels.append(place_and_labels[-3:])

    monkeypatch.setattr(Sheet, "person", collect)
    return labels


@pytest.mark.parametrize(("persons", "queries"), [(30, 6), (4, 6), (1, 6), (30, 1), (2, 1)])
def test_a_row_a_query(tmp_path: Path, persons: int, queries: int) -> None:
    drawn(tmp_path / "ranked.png", persons, queries)
    with Image.open(tmp_path / "ranked.png") as image:
        width, height = image.size
        colours = {image.convert("RGB").getpixel((x, 200)) for x in range(width)}  # first row
    assert [p.name for p in tmp_path.iterdir()] == ["ranked.png"]
    assert abs(height - (280 * min(persons, queries) + 30)) <= 1  # Matplotlib's rounding
    assert abs(width - 116 * (min(persons, 8) + 2)) <= 1  # matplotlib may cut half a pixel
    assert len(colours) > 10


def test_lists_are_ordered_and_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = shown(monkeypatch)
    score = np.eye(12) / 2 + np.linspace(0, 0.1, 144).reshape(12, 12)
    score[3, [5, 7]] = 0.9, 0.8  # person 3 is found third
    score[4] = 0.4  # all alike: ties count against the query
    drawn(tmp_path / "ranked.png", 12, 12, score)
    assert len(labels) == 12 * 10
    row = next(i for i, (above, _, _) in enumerate(labels) if above.endswith("person 3"))
    assert [above for above, _, _ in labels[row + 1 : row + 4]] == ["1 ✗", "2 ✗", "3 ✓"]
    assert [below for _, below, _ in labels[row + 1 : row + 3]] == ["0.900", "0.800"]
    assert labels[row + 9] == ("true match\nrank 3", f"{score[3, 3]:.3f}", True)
    row = next(i for i, (above, _, _) in enumerate(labels) if above.endswith("person 4"))
    assert labels[row][0].startswith("worst")
    assert not any(true for _, _, true in labels[row + 1 : row + 9])
    assert labels[row + 9][0] == "true match\nrank 12"


def test_best_typical_and_worst_queries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = shown(monkeypatch)
    score = np.ones((30, 30)) - np.arange(30) / 100
    score[np.arange(30), np.arange(30)] = -1
    for q in range(30):
        score[q, q] = np.sort(score[q])[::-1][q] + 0.001  # query q is found at rank q + 1
    drawn(tmp_path / "ranked.png", 30, 6, score)
    queries = [above.split("\n") for above, _, _ in labels if "person" in above]
    assert [kind for kind, _ in queries] == ["best"] * 2 + ["typical"] * 2 + ["worst"] * 2
    places = [int(above.split()[-1]) for above, _, _ in labels if "match" in above]
    assert places == [1, 2, 15, 16, 29, 30]


def test_the_person_in_its_own_camera_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = shown(monkeypatch)
    draw_ranked_lists(
        QueryGallery(
            pixels=np.zeros((4, 227, 227, 3), np.uint8),
            person=np.array(["x", "x", "y", "x"]),
            camera=np.array(["1", "1", "1", "2"]),
            query=np.array([0]),
            gallery=np.array([1, 2, 3]),
        ),
        score=np.array([[0.9, 0.5, 0.4]]),
        ranks=np.array([2]),
        target=tmp_path / "ranked.png",
    )
    assert [(above, below) for above, below, _ in labels[1:3]] == [
        ("1 ✗", "0.500"),
        ("2 ✓", "0.400"),
    ]
    assert len(labels) == 4


def test_no_true_match_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none of 30 queries has a true match"):
        drawn(tmp_path / "ranked.png", matched=False)
    assert not list(tmp_path.iterdir())
