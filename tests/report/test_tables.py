import csv
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev

from mtdnet.report.labels import SYSTEMS
from mtdnet.report.load import evaluations
from mtdnet.report.table1 import table1
from mtdnet.report.tables import terminal, write_csv

Write = Callable[..., Path]


def test_the_terminal_table_has_every_system(evaluated: Write) -> None:
    found = evaluations([evaluated(), evaluated("mine-0/rnk")])
    for one in found:
        one.figures.clear()
    found[0].figures["MTDnet"] = {"rank-1": 0.4, "rank-5": 0.5714, "rank-10": 1.0, "mAP": 0.5}
    found[1].figures["MTDnet-rnk"] = {"rank-1": 0.125}
    assert terminal(found).splitlines() == [
        "benchmark  system        splits  rank-1  rank-5  rank-10    mAP  paper rank-1",
        "VIPeR      MTDnet-rnk         -       -       -        -      -        28.16*",
        "VIPeR      MTDnet-cls         -       -       -        -      -        44.30*",
        "VIPeR      MTDnet-trp         -       -       -        -      -        34.81*",
        "VIPeR      MTDnet             1   40.00   57.14   100.00  50.00        45.89*",
        "VIPeR      MTDnet-aug         -       -       -        -      -        43.35*",
        "VIPeR      MTDnet-cross       -       -       -        -      -        47.47*",
        "mine       MTDnet-rnk         1   12.50       -        -      -             -",
        *(
            f"mine       {name:12}       -       -       -        -      -             -"
            for name in SYSTEMS[1:]
        ),
        "* published for other persons: not comparable",
    ]


def test_the_terminal_table_tells_mean_and_deviation(evaluated: Write) -> None:
    found = evaluations([evaluated("viper-0/rnk"), evaluated("viper-1/rnk")])
    for one, value in zip(found, (0.25, 0.75), strict=True):
        one.figures["MTDnet-rnk"]["rank-1"] = value
    assert "MTDnet-rnk         2  50.00 ± 35.36" in terminal(found)


def test_of_several_gallery_images_a_person_the_single_shot_figure_is_told(
    evaluated: Write,
) -> None:
    (one,) = evaluations([evaluated("viper-0/rnk")])
    one.figures["MTDnet-rnk"] = {f"rank-{k}": 0.75 for k in (1, 5, 10)}
    one.figures["MTDnet-rnk"] |= {"expected-rank-1": 0.5, "expected-rank-5": 0.625}
    told = terminal([one]).splitlines()
    assert told[1].split()[2:6] == ["1", "50.00", "62.50", "75.00"]
    assert told[-2] == "rank-k on VIPeR: expected over random single-shot galleries"
    html = table1([one])
    assert "<td>50.00*</td><td>62.50*</td><td>75.00*</td>" in html
    assert "on VIPeR the expectation over random single-shot galleries." in html


def test_the_csv_file_has_splits_mean_and_deviation(written: tuple[Path, str]) -> None:
    rows = list(csv.DictReader((written[0] / "table.csv").read_text().splitlines()))
    assert [r["system"] for r in rows[::5]] == 2 * [*SYSTEMS]
    assert [r["split_number"] for r in rows] == 12 * ["0", "1", "2", "mean", "sd"]
    for name in ("rank-1", "rank-20", "mAP", "dir-0.01"):
        for k in range(0, len(rows), 5):
            values = [float(r[name]) for r in rows[k : k + 3]]
            assert abs(float(rows[k + 3][name]) - mean(values)) < 0.011
            assert abs(float(rows[k + 4][name]) - stdev(values)) < 0.011
    assert rows[0]["commit"] == "0123456789abcdef0123456789abcdef01234567+"
    assert (rows[0]["ece"], rows[15]["system"], rows[15]["ece"]) == ("-", "MTDnet", "6.25")


def test_of_one_split_the_csv_file_has_no_deviation(evaluated: Write, tmp_path: Path) -> None:
    write_csv(tmp_path / "table.csv", evaluations([evaluated("mine-4/rnk")]))
    rows = list(csv.DictReader((tmp_path / "table.csv").read_text().splitlines()))
    assert [r["split_number"] for r in rows] == ["4", "mean", "sd"]
    assert rows[0]["rank-1"] == rows[1]["rank-1"] != "-"
    assert rows[2]["rank-1"] == rows[2]["commit"] == "-"
