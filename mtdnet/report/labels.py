"""How benchmarks, systems and measures are called and ordered, and how figures are written."""

from collections.abc import Iterable

BENCHMARKS = {
    "cuhk03": "CUHK03",
    "cuhk01": "CUHK01",
    "viper": "VIPeR",
    "ilids": "i-LIDS",
    "prid2011": "PRID 2011",
}
SYSTEMS = (
    "MTDnet-rnk",
    "MTDnet-cls",
    "MTDnet-trp",
    "MTDnet",
    "MTDnet-fused",
    "MTDnet-aug",
    "MTDnet-cross",
    "MTDnet-joint",
    "MTDnet-source",
)
# What each network is scored as; known without loading torch, so that a missing one has its row.
VARIANTS = {
    "mtdnet": ("MTDnet", "MTDnet-trp", "MTDnet-fused"),
    "rnk": ("MTDnet-rnk",),
    "cls": ("MTDnet-cls",),
    "aug": ("MTDnet-aug",),
    "cross": ("MTDnet-cross",),
    "joint": ("MTDnet-joint",),
    "mtdnet-source": ("MTDnet-source",),
}
RANKS = (1, 5, 10)  # of Table 1
KINDS = ("rank-", "mAP", "mINP", "expected-rank-", "dir-", "tar-", "auc", "ece-raw", "ece")
FURTHER = ("mINP", "dir", "tar", "auc")  # kinds of measure that a page folds
LOWER_IS_BETTER = ("ece-raw", "ece")


def label(benchmark: str) -> str:
    """Return a benchmark's name as its authors write it."""
    return BENCHMARKS.get(benchmark, benchmark)


def ordered(systems: Iterable[str]) -> list[str]:
    """Return systems in the order of Table 1 and ours, others after them."""
    return sorted(set(systems), key=lambda s: place(s, SYSTEMS))


def place(name: str, known: Iterable[str]) -> tuple[int, str]:
    """Return what sorts ``name`` where it stands in ``known``, and others after them."""
    names = list(known)
    return (names.index(name) if name in names else len(names), name)


def measures(names: Iterable[str]) -> list[str]:
    """Return measures in the order of a table: ranks by number, then the others."""
    return sorted(set(names), key=_kind)


def _kind(name: str) -> tuple[int, float, str]:
    for kind, start in enumerate(KINDS):
        if name.startswith(start):
            number = name.removeprefix(start)
            return (kind, float(number) if number else 0, name)
    return (9, 0, name)


def heading(measure: str) -> str:
    """Return a measure as a table's head."""
    kind, _, rate = measure.partition("-")
    if kind in ("dir", "tar"):
        return f"{kind.upper()} at {100 * float(rate):g} %"
    names = {"ece-raw": "ECE raw", "ece": "ECE", "auc": "ROC area"}
    return names.get(measure, measure.replace("ed-r", "ed r"))


def percent(value: float | None) -> str:
    """Return a share in [0, 1] in per cent as Table 1 writes it, "-" for none."""
    return "-" if value is None else f"{100 * value:.2f}"


def points(difference: float | None) -> str:
    """Return a difference of shares in percentage points with its sign, "-" for none."""
    return "-" if difference is None else f"{100 * difference:+.2f}"


def count(number: int, noun: str) -> str:
    """Return "1 benchmark", "2 benchmarks"."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def listed(values: Iterable[object]) -> str:
    """Return different values in a line, at most three of them."""
    different = list(dict.fromkeys(map(str, values)))
    more = f" and {len(different) - 3} more" if len(different) > 3 else ""
    return ", ".join(different[:3]) + more
