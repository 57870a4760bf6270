"""The words of the command line, and their completion in a shell."""

import argparse
from pathlib import Path
from typing import Any, NoReturn

import shtab

from mtdnet.errors import InputError

STEPS = {
    "ingest": "read a benchmark below data/ into a table and packed images",
    "augment": "draw an identity split of its persons, and triplets",
    "pretrain": "train a variant on the source",
    "train": "train a variant on a target, from its source network",
    "evaluate": "score the test persons of a benchmark: CMC and mAP",
    "report": "one page of all evaluations",
    "show": "the table of all evaluations, of what is there",
}

# Commands of the pipeline's package, by the entry points of GROUP: each parses its own words.
GROUP = "mtdnet.commands"
PIPELINE = {"champion": "who is champion of a registered model and why, and back: --undo"}


class Parser(argparse.ArgumentParser):
    """A parser of whole words that tells of a mistake in one line, as all commands do."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise InputError."""
        raise InputError(f"{message}; `{self.prog} --help` tells more")


def parser() -> Parser:
    """Return the parser of all commands."""
    made = Parser(prog="mtdnet", description="Is this the same person, seen by another camera?")
    _file(made, "--params", type=Path, default=Path("params.yaml"), help="of the steps")
    shtab.add_argument_to(made, help="print what completes mtdnet's words in a shell, and exit")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _same(commands.add_parser("same", help="the probability that two images show one person"))
    _rank(commands.add_parser("rank", help="order a gallery's images by likeness to a query"))
    _index(commands.add_parser("index", help="prepare a large gallery for rank"))
    _init(commands.add_parser("init", help="write the params.yaml that fits what is below data/"))
    text = "one page on this machine and project, to paste into a bug report"
    commands.add_parser("doctor", help=text, description=f"Print {text}; it runs no stage.")
    _export(commands.add_parser("export", help="write a network as ONNX files"))
    for step, text in STEPS.items():
        _step(commands.add_parser(step, help=text), step)
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="print one JSON document")
    for name, text in PIPELINE.items():
        commands.add_parser(name, help=text)
    return made


def _same(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Print the calibrated probability that two images show one person, for a prior of one half."
    )
    _file(command, "left", type=Path, nargs="?", help="an image")
    _file(command, "right", type=Path, nargs="?", help="another image")
    for side in ("left", "right"):
        text = f"further images of the {side} person; the answer is that of the mean of logits"
        _file(command, f"--{side}-also", type=Path, nargs="+", default=[], help=text)
    text = "a CSV with the columns left and right instead: paths, from the CSV's folder on"
    _file(command, "--pairs", type=Path, help=text)
    _model(command)


def _rank(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Order the images below a folder, or of its index, but the query's own file, by the "
        "probability that they show the query's person; a network that only ranks orders by "
        "distance."
    )
    _file(command, "query", type=Path, help="an image")
    text = "a folder of images, or what `mtdnet index` made of one"
    _file(command, "gallery", by=shtab.DIRECTORY, type=Path, help=text)
    text = "further images of the query's person; scores are those of the mean of logits"
    _file(command, "--also", type=Path, nargs="+", default=[], help=text)
    text = "each folder of images is one person, who is named by the first of them"
    command.add_argument("--tracks", action="store_true", help=text)
    command.add_argument("--top", type=int, default=10, metavar="N", help="how many (10)")
    text = "of an index, ask the pair head about the N nearest by ranking features (1000)"
    command.add_argument("--shortlist", type=int, metavar="N", help=text)
    _file(command, "--html", type=Path, help="write a page with the images, too")
    _model(command)


def _index(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Write what the network sees in each image below a folder, so that `mtdnet rank` answers "
        "without reading them all. Stopped, it continues when the same command is given again."
    )
    _file(command, "gallery", by=shtab.DIRECTORY, type=Path, help="a folder of images")
    _file(command, "--out", type=Path, required=True, help="the index, a folder")
    text = "keep ranking features alone: small, but rank reads the images of its shortlist"
    command.add_argument("--features-only", action="store_true", help=text)
    _model(command)


def _init(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Look at the folders below data/ (layouts recognised, persons and cameras counted, a split "
        "proposed) and write the params.yaml that trains a small network on them."
    )
    text = "what is trained first, a folder below data/; the others start from its network"
    command.add_argument("--source", metavar="NAME", help=text)
    command.add_argument("--force", action="store_true", help="replace the file that is there")


def _export(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Write trunk, ranking head, halves and tail of a network as ONNX files, which need no "
        "torch; examples/onnx_pairs.py scores pairs by them."
    )
    _file(command, "--onnx", by=shtab.DIRECTORY, type=Path, required=True, help="a new folder")
    _model(command)


def _step(command: argparse.ArgumentParser, step: str) -> None:
    if step in ("ingest", "augment"):
        command.add_argument("--benchmark", required=True)
    if step in ("train", "evaluate"):
        command.add_argument("--target", required=True)
    if step in ("pretrain", "train", "evaluate"):
        command.add_argument("--variant", default="mtdnet", help="(mtdnet)")
    if step in ("augment", "pretrain", "train", "evaluate"):
        command.add_argument("--split", type=int, default=0, help="number of the split (0)")


def _model(command: argparse.ArgumentParser) -> None:
    text = (
        "network.safetensors, its folder, models:/NAME@ALIAS or models:/NAME/VERSION; else what "
        "MTDNET_MODEL says, else the project's network of the source, else "
        "~/.config/mtdnet/network.safetensors, else `released`, the one for real people"
    )
    _file(command, "--model", help=text)


def _file(
    command: argparse.ArgumentParser,
    name: str,
    by: dict[str, str | dict[str, str]] = shtab.FILE,
    **settings: Any,
) -> None:
    """Add an argument that a shell completes with the files or folders that are there."""
    metavar = name.upper() if not name.startswith("-") else "FILE"
    action = command.add_argument(name, metavar=metavar, **settings)
    vars(action)["complete"] = by  # where shtab looks for it
