"""The whole pipeline: ``python -m flows.reproduce``."""

import sys

from prefect import flow
from prefect.client.schemas.objects import State

from flows import command, pipeline
from flows.environment import ROOT


@flow(persist_result=False)
def reproduce() -> State[None]:
    """Bring every stage up to date, then register the networks."""
    return pipeline.run(ROOT)


if __name__ == "__main__":
    status = command.main(reproduce)
    if status == 0:
        print(command.closing())
    sys.exit(status)
