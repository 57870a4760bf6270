"""``mtdnet doctor``: one page on this machine and project, to paste into a bug report."""

import os
import platform
import re
import shutil
import sys
from contextlib import chdir
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mtdnet import provenance
from mtdnet.commands.output import Answer
from mtdnet.commands.step import project
from mtdnet.errors import InputError
from mtdnet.report.labels import count

PACKAGES = {
    "": ("mtdnet", "torch", "torchvision", "numpy", "pillow", "pyarrow", "h5py", "safetensors"),
    "pipeline": ("dvc", "prefect", "mlflow", "fastapi", "sqlalchemy"),
    "search": ("faiss-cpu",),
    "onnx": ("onnx",),
}
VARIABLES = re.compile(r"(MTDNET|CUDA|OMP|MLFLOW|PREFECT|DVC|TORCH)_\w+")
SECRET = re.compile(r"AUTH|TOKEN|PASSWORD|SECRET|KEY|CREDENTIAL")

Page = dict[str, dict[str, str]]  # section -> name -> what was seen


def doctor(parameters: Path) -> Answer:
    """Answer with what this machine and the project of ``parameters`` are like; runs no stage.

    Without user names, passwords and tokens. A part that can't be looked at says why.
    """
    from mtdnet.commands import project_state  # here alone, as torch is

    page = {"machine": _machine(), "packages": _packages(), "environment": _environment()}
    if parameters.is_file():
        with chdir(project(parameters)):
            page |= project_state.look(parameters)
    else:
        page["project"] = {"parameters": f"no {parameters} here: run from a project's folder"}
    page = {
        section: {name: hidden(text) for name, text in seen.items()}
        for section, seen in page.items()
        if seen
    }
    return Answer("\n\n".join(_text(*section) for section in page.items()), page)


def hidden(text: str) -> str:
    """Return ``text`` with no user and password in its addresses, and ~ for the user's folder."""
    text = re.sub(r"//[^/@\s]*@", "//", text)
    return re.sub(rf"{re.escape(str(Path.home()))}(?=/|\b)", "~", text)


def _machine() -> dict[str, str]:
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    seen = {
        "system": platform.platform(),
        "python": f"{platform.python_version()}, {sys.executable}",
        "size": f"{count(cores, 'core')}, {memory / 1e9:.0f} GB memory, "
        f"{shutil.disk_usage('.').free / 1e9:.0f} GB of disk free here",
    }
    try:
        import torch

        from mtdnet.device import choose

        place = choose()
        build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "processor"
        seen["device"] = f"{place.name} ({place.torch})"
        seen["format"] = "bf16 products" if place.bf16 else "float32"
        seen["torch"] = f"built for {build}, sees {count(torch.cuda.device_count(), 'GPU')}"
    except (ImportError, OSError, RuntimeError, InputError) as problem:  # a broken installation
        seen["device"] = f"can't be asked: {problem}".splitlines()[0]
    return seen


def _packages() -> dict[str, str]:
    seen = {}
    for extra, names in PACKAGES.items():
        for name in names:
            try:
                seen[name] = version(name)
            except PackageNotFoundError:
                seen[name] = f"not installed (mtdnet[{extra}])" if extra else "not installed"
    if commit := provenance.commit():
        changed = ", changed since" if commit.endswith("+") else ""
        seen["mtdnet"] += f", commit {commit.removesuffix('+')}{changed}"
    return seen


def _environment() -> dict[str, str]:
    """Return the variables that change what happens; of secrets only that they are set."""
    return {
        name: "(set)" if SECRET.search(name) else value
        for name, value in sorted(os.environ.items())
        if VARIABLES.fullmatch(name)
    }


def _text(section: str, seen: dict[str, str]) -> str:
    width = max(map(len, seen))
    gap = "\n  " + " " * (width + 2)
    lines = (f"  {name:{width}}  {text.replace(chr(10), gap)}" for name, text in seen.items())
    return "\n".join([section, *lines])
