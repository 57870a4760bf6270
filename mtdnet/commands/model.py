"""Which network is asked: a file, a version in a registry, or the project's own."""

import os
from pathlib import Path

from mtdnet.commands.step import project
from mtdnet.errors import InputError
from mtdnet.inference.model_file import FILE

VARIABLE = "MTDNET_MODEL"


def named(given: str | None, parameters: Path) -> str:
    """Return the name of the network to ask.

    The one ``given``, else the environment variable's, else that of the source network of the
    project that ``parameters`` belong to, else the user's own below ``~/.config/mtdnet``. Raises
    InputError when there is none of them.
    """
    if chosen := given or os.environ.get(VARIABLE):
        return chosen
    absent = ""
    if parameters.is_file():
        from mtdnet import params, steps  # who names a network needn't wait for them

        own = steps.model(params.load(parameters).pretrain.source, 0, "mtdnet") / FILE
        folder = project(parameters)
        own = own if folder == Path.cwd() else folder / own
        if own.is_file():
            return str(own)
        absent = f" ({own} is not there)"
    configured = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    if (users := configured / "mtdnet" / FILE).is_file():
        return str(users)
    raise InputError(
        f"no network to ask{absent}; name one: --model FILE, or {VARIABLE}, or put it at {users}"
    )
