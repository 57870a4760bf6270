"""Which network is asked: a file, a registered version, the project's own or the released one."""

import os
from pathlib import Path

from mtdnet.commands.output import note
from mtdnet.commands.step import project
from mtdnet.inference.model_file import RELEASED, VARIABLE, users
from mtdnet.networks.header import FILE

NOTICE = (
    "released: trained on images of real people for non-commercial research, and for nothing else; "
    "see released/card.md"
)

NOT_CALIBRATED = (
    "not calibrated: too few persons validated this network; its probabilities order pairs, but "
    "don't say how often they are right"
)


def named(given: str | None, parameters: Path) -> str:
    """Return the name of the network to ask.

    The one ``given``, else the environment variable's, else that of the source network of the
    project that ``parameters`` belong to, else the user's own below ``~/.config/mtdnet``, else the
    released one.
    """
    if chosen := given or os.environ.get(VARIABLE):
        return chosen
    if parameters.is_file():
        from mtdnet import params, steps  # who names a network needn't wait for them

        own = steps.model(params.load(parameters).pretrain.source, 0, "mtdnet") / FILE
        own = project(parameters) / own
        if own.is_file():
            return str(own)
    return str(users()) if users().is_file() else RELEASED


def note_asked(chosen: str, more: str = "", *, calibrated: bool = True) -> None:
    """Tell a person which network answers; ``more``: what it is asked about."""
    note(f"asked {chosen}{more}")
    if chosen == RELEASED:
        note(NOTICE)
    if not calibrated:
        note(NOT_CALIBRATED)
