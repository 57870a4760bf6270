import csv
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev

from mtdnet.files import read_json
from mtdnet.report.labels import SYSTEMS
from mtdnet.report.load import evaluations
from mtdnet.report.results import results
from mtdnet.report.tables import terminal, write_measures

Write = Callable[..., Path]
UNWRITTEN = {"MTDnet-joint", "MTDnet-source"}  # by the evaluations of these tests


def test_the_terminal_table_has_what_was_to_be_measured(evaluated: Write) -> None:
    read = evaluations([evaluated(), evaluated("mine-0/rnk")])
    for one in read:
        one.figures.clear()
    read[0].figures["MTDnet"] = {"rank-1": 0.4, "rank-5": 0.5714, "rank-10": 1.0, "mAP": 0.5}
    read[1].figures["MTDnet-rnk"] = {"rank-1": 0.125}
    expected = {"viper": ["MTDnet", "MTDnet-cls"], "mine": ["MTDnet-rnk"]}
    assert terminal(read, expected).splitlines() == [
        "benchmark  system      splits  rank-1  rank-5  rank-10    mAP  paper rank-1",
        "VIPeR      MTDnet-cls       -       -       -        -      -        44.30*",
        "VIPeR      MTDnet           1   40.00   57.14   100.00  50.00        45.89*",
        "mine       MTDnet-rnk       1   12.50       -        -      -             -",
        "* published for other persons: not comparable",
    ]


def test_the_terminal_table_has_mean_and_deviation(evaluated: Write) -> None:
    read = evaluations([evaluated("viper-0/rnk"), evaluated("viper-1/rnk")])
    for one, value in zip(read, (0.25, 0.75), strict=True):
        one.figures["MTDnet-rnk"]["rank-1"] = value
    assert "MTDnet-rnk       2  50.00 ± 35.36" in terminal(read, {"viper": ["MTDnet-rnk"]})


def test_of_several_gallery_images_a_person_the_single_shot_figure_counts(
    evaluated: Write,
) -> None:
    (one,) = evaluations([evaluated("viper-0/rnk")])
    one.figures["MTDnet-rnk"] = {f"rank-{k}": 0.75 for k in (1, 5, 10)}
    one.figures["MTDnet-rnk"] |= {"expected-rank-1": 0.5, "expected-rank-5": 0.625}
    expected = {"viper": ["MTDnet-rnk"]}
    lines = terminal([one], expected).splitlines()
    assert lines[1].split()[2:6] == ["1", "50.00", "62.50", "75.00"]
    assert lines[-2] == "rank-k on VIPeR: expected over random single-shot galleries"
    paper = results([one], expected)["paper"]
    assert paper and paper.caption.endswith(
        "on VIPeR the expectation over random single-shot galleries."
    )
    (_, (row, _)), _ = paper.groups
    assert [cell.text for cell in row.cells] == ["50.00*", "62.50*", "75.00*"]


def test_own_benchmarks_stand_in_a_table_of_their_own(evaluated: Write) -> None:
    read = evaluations([evaluated("viper-0/rnk"), evaluated("shop-0/rnk"), evaluated("shop-0/cls")])
    read[1].figures["MTDnet-rnk"]["rank-1"] = 0.25
    read[2].figures["MTDnet-cls"]["rank-1"] = 0.125
    expected = {"viper": ["MTDnet-rnk"], "shop": ["MTDnet-rnk", "MTDnet-cls", "MTDnet"]}
    made = results(read, expected)
    assert made["paper"] and [name for name, _ in made["paper"].spans] == ["VIPeR"]
    assert [len(rows) for _, rows in made["paper"].groups] == [2, 6]
    assert made["own"] and [name for name, _ in made["own"].spans] == ["shop"]
    ((_, rows),) = made["own"].groups
    first = {row.header: (row.cells[0].text, row.cells[0].best) for row in rows}
    assert first == {
        "MTDnet-rnk": ("25.00", True),
        "MTDnet-cls": ("12.50", False),
        "MTDnet": ("-", False),
        "chance": ("5.00", False),
    }
    assert "shop" not in made["unlike"] and "VIPeR" in made["unlike"]
    assert results(read[1:], {"shop": ["MTDnet-rnk"]})["paper"] is None


def test_the_csv_file_has_splits_mean_and_deviation(written: tuple[Path, str]) -> None:
    rows = list(csv.DictReader((written[0] / "table.csv").read_text().splitlines()))
    assert [r["system"] for r in rows[::5]] == 2 * [s for s in SYSTEMS if s not in UNWRITTEN]
    assert [r["split_number"] for r in rows] == 14 * ["0", "1", "2", "mean", "sd"]
    for name in ("rank-1", "rank-20", "mAP", "dir-0.01"):
        for k in range(0, len(rows), 5):
            values = [float(r[name]) for r in rows[k : k + 3]]
            assert abs(float(rows[k + 3][name]) - mean(values)) < 0.011
            assert abs(float(rows[k + 4][name]) - stdev(values)) < 0.011
    assert rows[0]["commit"] == "0123456789abcdef0123456789abcdef01234567+"
    assert (rows[0]["ece"], rows[15]["system"], rows[15]["ece"]) == ("-", "MTDnet", "6.25")


def test_metrics_for_dvc_are_few_and_means_over_the_splits(written: tuple[Path, str]) -> None:
    found = read_json(written[0] / "metrics.json")
    rows = list(csv.DictReader((written[0] / "table.csv").read_text().splitlines()))
    means = [row for row in rows if row["split_number"] == "mean"]
    assert sum(map(len, found.values())) == len(means)
    for row in means:
        own = found[row["benchmark"]][row["system"]]
        assert set(own) == {"rank-1", "rank-10", "mAP"}
        for name, value in own.items():
            assert abs(100 * value - float(row[name])) < 0.0051


def test_of_one_split_the_csv_file_has_no_deviation(evaluated: Write, tmp_path: Path) -> None:
    write_measures(tmp_path / "table.csv", evaluations([evaluated("mine-4/rnk")]))
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text().splitlines()))
    assert [r["split_number"] for r in rows] == ["4", "mean", "sd"]
    assert rows[0]["rank-1"] == rows[1]["rank-1"] != "-"
    assert rows[2]["rank-1"] == rows[2]["commit"] == "-"
