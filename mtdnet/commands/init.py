"""``mtdnet init``: the ``params.yaml`` that fits what stands below ``data/``."""

import re
import sys
from pathlib import Path

from mtdnet.commands.output import Answer, note
from mtdnet.commands.step import project
from mtdnet.errors import InputError
from mtdnet.files import whole

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


def init(parameters: Path, *, source: str | None, force: bool) -> Answer:
    """Write ``parameters`` for the benchmarks that are there; answer with what they are.

    ``source``: the one that is trained first; else, at a terminal, the user is asked. A file that
    is there is replaced with ``force``, or when the user says so.
    """
    from mtdnet.commands.recognise import recognise
    from mtdnet.commands.starter import starter

    folder = project(parameters)
    if parameters.exists() and not force and not _agreed(f"{parameters} is there; replace it?"):
        raise InputError(f"{parameters}: is there already; `mtdnet init --force` replaces it")
    places = _places(folder / "data")
    benchmarks, problems = [], []
    for place in places:
        try:
            benchmarks.append(recognise(place))
        except InputError as problem:
            problems.append(str(problem))
    if not benchmarks:
        raise InputError(problems[0])
    for line in problems:
        note(f"passed over {line}")
    benchmarks.sort(key=lambda b: (b.layout != "cuhk03", -sum(b.persons.values()), b.name))
    first = source or _chosen([b.name for b in benchmarks])
    if first not in (names := [b.name for b in benchmarks]):
        raise InputError(f"--source: no '{first}' below data; there: {', '.join(names)}")
    benchmarks.sort(key=lambda b: b.name != first)

    weights = sorted(w for w in folder.glob("weights/*") if w.suffix in (".npz", ".onnx"))
    text = starter(benchmarks, str(weights[0].relative_to(folder)) if weights else "")
    with whole(parameters) as draft:
        draft.write_text(text, encoding="utf-8")
    return Answer(
        "\n".join([*(b.line() for b in benchmarks), f"wrote {parameters}; {_next(folder, first)}"]),
        {
            "parameters": str(parameters),
            "source": first,
            "benchmarks": [vars(b) for b in benchmarks],
        },
    )


def _places(data: Path) -> list[Path]:
    """Return the folders below ``data``; InputError when there is none, or a name is no word."""
    places = sorted(p for p in data.glob("*") if p.is_dir() and not p.name.startswith("."))
    if not places:
        raise InputError(
            f"{data}: no folder there; put each benchmark into one of its own, as {data / 'shop'}"
        )
    for place in places:
        if not NAME.fullmatch(place.name):
            raise InputError(
                f"{place}: its name is a word of commands; rename it with letters, digits, - and _"
            )
    return places


def _chosen(names: list[str]) -> str:
    if len(names) == 1 or not sys.stdin.isatty():
        return names[0]
    return input(f"train first on {', '.join(names)} [{names[0]}]: ").strip() or names[0]


def _agreed(question: str) -> bool:
    return sys.stdin.isatty() and input(f"{question} [y/N] ").strip().lower() in ("y", "yes")


def _next(folder: Path, source: str) -> str:
    if (folder / "dvc.yaml").is_file():
        return "next: `python -m flows.reproduce`, or `dvc repro`"
    return f"next: `mtdnet ingest --benchmark {source}`, then augment, pretrain, evaluate, report"
