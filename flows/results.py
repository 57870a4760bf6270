"""Run a recipe on a folder of benchmarks, in a clone of its own: figures for a committed recipe.

``python -m flows.results DATA``: DATA holds a folder a benchmark, named as in the recipe, and the
trunk's weights as ``caffenet/*.npz`` unless they lie in ``weights/``. The same call continues.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dvc.utils.serialize import modify_yaml

from flows import clone
from flows.environment import ROOT
from mtdnet import params
from mtdnet.errors import InputError, status


def main() -> int:
    """Run the command line; return 2 for bad input, else become the flow in the clone."""
    parser = argparse.ArgumentParser(prog="python -m flows.results", description=__doc__)
    parser.add_argument("data", type=Path, metavar="DATA")
    help_ids = "lists of test persons, one id a line: viper.txt, or viper-0.txt for split 0"
    parser.add_argument("--ids", type=Path, metavar="FOLDER", help=help_ids)
    parser.add_argument("--recipe", type=Path, default=ROOT / "configs" / "modern.yaml")
    parser.add_argument("--out", type=Path, help="the clone's folder; default: DATA-RECIPE")
    parser.add_argument("--dry-run", action="store_true", help="make the clone, say what would run")
    given = parser.parse_args()
    data = given.data.resolve()
    out = (given.out or data.with_name(f"{data.name}-{given.recipe.stem}")).resolve()
    if problem := status(lambda: prepare(out, data, given.ids, given.recipe.resolve())):
        return problem
    flow = [sys.executable, "-m", "flows.reproduce", *(["--dry-run"] if given.dry_run else [])]
    os.chdir(out)
    os.execve(sys.executable, flow, _environment(out))  # noqa: S606 - it hears a stop itself


def prepare(out: Path, data: Path, ids: Path | None, recipe: Path) -> None:
    """Clone the project into ``out`` with ``recipe`` as its parameters, for what ``data`` holds.

    A clone that is there stays as it is. Raises InputError when the source benchmark, the weights
    or a folder is missing, when the project has changes that no commit has, and for bad parameters.
    """
    if (out / "dvc.yaml").is_file():
        return
    if out.exists():
        raise InputError(f"{out}: is there, and no clone of this project; name another --out")
    if clone.git(ROOT, "status", "--porcelain", "--untracked-files=no"):
        raise InputError(f"{ROOT}: has changes that are not committed; figures name a commit")
    wanted = params.load(recipe)
    present = [name for name in wanted.ingest.layouts if (data / name).is_dir()]
    if wanted.pretrain.source not in present:
        raise InputError(f"{data}: no folder '{wanted.pretrain.source}', which is trained first")
    weights = _weights(data, wanted.pretrain.weights)
    lists = {} if ids is None else {name: _list(ids, name) for name in present}
    draft = out.with_name(f".{out.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    clone.git(ROOT, "clone", "--quiet", str(ROOT), str(draft))
    (draft / "data.dvc").unlink()
    (draft / "data").mkdir()
    for name in present:
        (draft / "data" / name).symlink_to(data / name)
    if weights and wanted.pretrain.weights:
        shutil.copy(weights, draft / wanted.pretrain.weights)
    for file in ids.glob("*.txt") if ids else ():
        shutil.copy(file, draft / "splits")
    shutil.copy(recipe, draft / "params.yaml")
    with modify_yaml(draft / "params.yaml") as settings:
        _narrow(settings, present, lists)
    params.load(draft / "params.yaml")
    draft.rename(out)


def _narrow(settings: Any, present: Sequence[str], lists: dict[str, str]) -> None:
    """Take out of ``settings`` the benchmarks that are not there; put in the lists of ids."""
    for section in settings["ingest"]["layouts"], settings["augment"]["splits"]:
        for name in section.keys() - set(present):
            del section[name]
    joint = settings["train"]["joint"]
    for section in settings["train"], settings["train"]["compared"], joint:
        section["targets"] = [name for name in section["targets"] if name in present]
    joint["splits"] = joint["splits"] if joint["targets"] else []
    rates = settings["train"]["learning_rates"]
    settings["train"]["learning_rates"] = {k: v for k, v in rates.items() if k in present}
    for name, file in lists.items():
        if file:
            folds = settings["augment"]["splits"].get(name, {}).get("folds", 0)
            own = {"name": "paper", "test_ids": file}
            settings["augment"]["splits"][name] = own | ({"folds": folds} if folds else {})


def _list(ids: Path, name: str) -> str:
    """Return the ``test_ids`` of one benchmark; "" when the folder has no list of it."""
    if not ids.is_dir():
        raise InputError(f"{ids}: no such folder; name the one with {name}.txt")
    if (ids / f"{name}.txt").is_file():
        return f"splits/{name}.txt"
    return f"splits/{name}-{{split}}.txt" if (ids / f"{name}-0.txt").is_file() else ""


def _weights(data: Path, wanted: str | None) -> Path | None:
    """Return the file of the trunk's weights; None when the recipe draws them."""
    if wanted is None:
        return None
    for file in (ROOT / wanted, *sorted((data / "caffenet").glob("conv*.npz"))):
        if file.is_file():
            return file
    raise InputError(
        f"{ROOT / wanted}: is missing, and none is in {data / 'caffenet'}; see weights/README.md"
    )


def _environment(folder: Path) -> dict[str, str]:
    """Return an environment in which the clone's own code runs, with state below its folder."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "MLFLOW_"))}
    return mine | {"PYTHONPATH": str(folder)}


if __name__ == "__main__":
    sys.exit(main())
