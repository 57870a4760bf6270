"""``mtdnet COMMAND``: ask a network, or run the steps on a machine without the pipeline."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

from mtdnet.commands.doctor import doctor
from mtdnet.commands.export import export
from mtdnet.commands.index import index
from mtdnet.commands.init import init
from mtdnet.commands.output import Answer, answer
from mtdnet.commands.parser import parser
from mtdnet.commands.rank import rank
from mtdnet.commands.same import same
from mtdnet.commands.step import step
from mtdnet.errors import status

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


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, 2 for bad input, 130 when stopped with its state kept."""
    given = sys.argv[1:] if words is None else words
    return status(lambda: answer(lambda: run(given), as_json="--json" in given))


if __name__ == "__main__":
    sys.exit(main())
