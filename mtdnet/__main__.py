"""``mtdnet COMMAND``: ask a network, or run the steps on a machine without the pipeline."""

import sys
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from typing import Any

from mtdnet.commands.doctor import doctor
from mtdnet.commands.export import export
from mtdnet.commands.index import index
from mtdnet.commands.init import init
from mtdnet.commands.output import Answer, answer
from mtdnet.commands.parser import GROUP, PIPELINE, parser
from mtdnet.commands.rank import rank
from mtdnet.commands.same import same
from mtdnet.commands.step import step
from mtdnet.errors import InputError, status

ASKING: dict[str, Callable[..., Answer]] = {
    "same": same,
    "rank": rank,
    "index": index,
    "init": init,
    "doctor": doctor,
    "export": export,
}


def run(words: Sequence[str]) -> Answer:
    """Do what the words say; InputError when they say nothing that is known."""
    given: dict[str, Any] = vars(parser().parse_args(words))
    command, parameters = given.pop("command"), given.pop("params")
    del given["json"], given["print_completion"]  # no command's own
    if command in ASKING:
        return ASKING[command](parameters, **given)
    return step(parameters, command, **given)


def pipeline(command: str, *words: str) -> str:
    """Return what a command of the pipeline's package answers; InputError without that."""
    try:
        (point,) = entry_points(group=GROUP, name=command)
        own: Callable[[Sequence[str]], str] = point.load()
    except (ImportError, ValueError):
        raise InputError(f"{command}: install mtdnet[pipeline]") from None
    return own(words)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, 2 for bad input, 130 when stopped with its state kept."""
    given = sys.argv[1:] if words is None else words
    if given and given[0] in PIPELINE:
        return status(lambda: print(pipeline(*given)))
    return status(lambda: answer(lambda: run(given), as_json="--json" in given))


if __name__ == "__main__":
    sys.exit(main())
