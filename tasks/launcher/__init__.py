"""A process that has loaded what stages import, and forks their commands: they start at once."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tasks import slots
from tasks.process_group import Group

SERVER, SHELL = (Path(__file__).with_name(name) for name in ("server.py", "shell.py"))
# What stages import sooner or later, some of it within functions of these libraries.
MODULES = (
    "scipy.stats",
    "pyarrow.parquet",
    "pydantic",
    "ruamel.yaml",
    "tqdm",
    "PIL.Image",
    "safetensors.torch",
    "torch._dynamo",  # by torch's optimisers
    "mlflow",
    "mlflow.store.tracking.sqlalchemy_store",
    "dvc.dvcfile",  # to read what DVC has locked
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
)
# No threads, so that it may fork: neither OpenMP's nor those of Arrow's memory.
ALONE = {"OMP_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}


def usable() -> bool:
    """Tell whether it serves here: on processors, from a folder that programs may lie in.

    A process that has asked CUDA anything, as one of the libraries may, can't be forked.
    """
    return not slots.gpus() and os.access(SHELL, os.X_OK)


@contextmanager
def started(root: Path, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Run a launcher for the project at ``root``; yield what lets DVC start its stages by it.

    DVC runs commands by the program that SHELL names: here one that asks the launcher, and is the
    former SHELL where none answers. The launcher ends with the block or with this process; what it
    has forked belongs to the process group that asked for it.
    """
    (root / ".locks").mkdir(exist_ok=True)
    env = {**environment, **ALONE}
    with Group([sys.executable, str(SERVER), *MODULES], folder=root, env=env):
        yield {
            "SHELL": str(SHELL),
            "MTDNET_SHELL": environment.get("SHELL") or "/bin/sh",
        }
