"""A worker's clone of the project: at the commit that a flow names, with its packages and stores.

``python -m flows.clone`` tells whether this folder can be one.
"""

import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dvc.exceptions import DvcException
from dvc.repo import Repo
from packaging.requirements import InvalidRequirement, Requirement

from flows.environment import ROOT
from mtdnet.errors import InputError, status

FOR_GPU = ("nvidia-", "cuda-", "triton")  # a processor's environment does without


def commit(root: Path) -> str:
    """Return the commit of a project's folder; InputError when it has changes beside ``dvc.lock``.

    That file says what DVC has made here, and no stage reads it.
    """
    changed = [line[3:] for line in git(root, "status", "--porcelain").splitlines()]
    changed = [path for path in changed if path != "dvc.lock"]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise InputError(f"{root}: uncommitted changes ({changed[0]}{more}); commit or remove them")
    return git(root, "rev-parse", "HEAD").strip()


def take(root: Path, wanted: str) -> None:
    """Bring a clone to a commit, fetched where it's unknown; check what every stage needs.

    Raises InputError: uncommitted changes, an unknown commit, packages or remote missing.
    """
    if commit(root) != wanted:
        try:
            git(root, "cat-file", "-e", f"{wanted}^{{commit}}")
        except InputError:
            git(root, "fetch", "--quiet")
        try:
            git(root, "checkout", "--quiet", "--force", "--detach", wanted)
        except InputError as problem:
            raise InputError(f"{problem}; push that commit to where this clone fetches") from None
    packages(root)
    remote(root)


def packages(root: Path) -> None:
    """Raise InputError when this Python has not what ``requirements.lock`` says."""
    file = root / "requirements.lock"
    for line in file.read_text(encoding="utf-8").splitlines() if file.is_file() else ():
        try:
            wanted = Requirement(line.partition("#")[0].strip())
        except InvalidRequirement:
            continue
        if wanted.name.startswith(FOR_GPU) or (wanted.marker and not wanted.marker.evaluate()):
            continue
        try:
            here = version(wanted.name)
        except PackageNotFoundError:
            here = "none"
        if here == "none" or not wanted.specifier.contains(here, prereleases=True):
            raise InputError(
                f"{file}: {wanted.name}{wanted.specifier} is wanted, {here} is here; `make install`"
            )


def remote(root: Path) -> None:
    """Raise InputError when DVC has no default remote, it can't carry results, or isn't there.

    A folder that is not there DVC would make, on the disk below one that is not mounted, say.
    """
    try:
        with Repo(str(root)) as repo:
            place = repo.cloud.get_remote_odb()
    except DvcException as problem:
        text = " ".join(str(problem).split())
        raise InputError(f"DVC's remote: {text}") from None
    if place.fs.protocol in ("http", "https"):
        raise InputError("DVC's remote: one on HTTP has no run cache, which carries the results")
    if place.fs.protocol == "local" and not (folder := Path(place.path).parents[1]).is_dir():
        raise InputError(f"DVC's remote {folder} is not there; mount it, or make it")


def tracking() -> None:
    """Raise InputError when no tracking server is named, or it doesn't answer."""
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        raise InputError("MLFLOW_TRACKING_URI: set it to the server that all workers record in")
    from tasks import store  # MLflow takes seconds

    store.client()


def git(root: Path, *words: str) -> str:
    """Return what git prints; InputError with its last line when it fails."""
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = (done.stderr.strip() or f"ended with status {done.returncode}").splitlines()[-1]
        raise InputError(f"{root}: git {words[0]}: {said}")
    return done.stdout


def _ready() -> None:
    take(ROOT, commit(ROOT))
    tracking()


if __name__ == "__main__":
    sys.exit(status(_ready))
