"""The pipeline of one benchmark: ``python -m flows.target --benchmark viper``."""

import argparse
import sys

from prefect import flow
from prefect.client.schemas.objects import State

from flows import command, pipeline
from flows.environment import ROOT


@flow(persist_result=False)
def target(benchmark: str) -> State[None]:
    """Bring up to date what a benchmark's figures build on, then register its networks."""
    return pipeline.run(ROOT, benchmark)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--benchmark", required=True)
    sys.exit(command.main(target, parser.parse_args().benchmark))
