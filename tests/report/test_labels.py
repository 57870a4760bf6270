from mtdnet.report.labels import SYSTEMS, count, heading, listed, measures, ordered, percent, points


def test_systems_stand_in_the_order_of_the_paper() -> None:
    assert ordered(["other", *reversed(SYSTEMS), "MTDnet"]) == [*SYSTEMS, "other"]


def test_measures_stand_by_kind_and_number() -> None:
    shuffled = [
        "ece",
        "rank-10",
        "dir-0.1",
        "mAP",
        "new",
        "rank-5",
        "ece-raw",
        "dir-0.01",
        "rank-1",
    ]
    order = ["rank-1", "rank-5", "rank-10", "mAP", "dir-0.01", "dir-0.1", "ece-raw", "ece", "new"]
    assert measures(shuffled) == order
    assert measures(["expected-rank-10", "expected-rank-5", "mAP"])[1:] == [
        "expected-rank-5",
        "expected-rank-10",
    ]


def test_measures_have_headings() -> None:
    found = [heading(name) for name in ("rank-1", "mAP", "expected-rank-1", "dir-0.01", "ece-raw")]
    assert found == ["rank-1", "mAP", "expected rank-1", "DIR at 1 %", "ECE raw"]


def test_numbers_and_nouns_agree() -> None:
    counts = [count(1, "benchmark"), count(2, "benchmark"), count(1200, "query")]
    assert counts == ["1 benchmark", "2 benchmarks", "1,200 queries"]


def test_figures_are_written_as_in_the_table() -> None:
    assert [percent(0.12345), percent(None)] == ["12.35", "-"]
    assert [points(0.125), points(-0.5), points(None)] == ["+12.50", "-50.00", "-"]
    assert listed([3, 1, 3]) == "3, 1"
    assert listed("abcde") == "a, b, c and 2 more"
