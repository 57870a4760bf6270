"""What the digests of a flow's results leave out, and what they don't."""

from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, PackageLoader

from mtdnet.report.provenance import provenance
from tests.chaos import state

RECORD = {"variant": "mtdnet", "steps": 60, "best_step": 40, "seconds": 9.5}
RECORD |= {"triplets_per_second": 1515.8, "device": "CPU"}


@pytest.fixture
def digest(tmp_path: Path) -> Any:
    """Return a function that gives the digest of a report's page on trainings, and the page."""
    macros: Any = Environment(loader=PackageLoader("mtdnet.report"), autoescape=True)
    page = tmp_path / "results" / "report" / "index.html"
    page.parent.mkdir(parents=True)

    def of(*records: dict[str, Any]) -> tuple[str, str]:
        facts = {f"training {number}": RECORD | one for number, one in enumerate(records)}
        macro = macros.get_template("macros.html").module.provenance
        page.write_text(macro(provenance("training", facts)))
        (digest,) = state.results(tmp_path).values()
        return digest, page.read_text()

    return of


@pytest.mark.parametrize("others", [[], [{"variant": "cross"}]])
def test_times_alone_make_no_difference(others: list[dict[str, Any]], digest: Any) -> None:
    expected, page = digest({}, *others)
    slower, other = digest({"seconds": 11.5, "triplets_per_second": 1252.2}, *others)
    assert (slower, other != page) == (expected, True)
    assert digest({"best_step": 20}, *others)[0] != expected
    assert digest({"device": "CPU of another kind"}, *others)[0] != expected
