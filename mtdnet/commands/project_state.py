"""What state a project's folder is in: its data, store, remote, server, locks and stages."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock, Timeout

from mtdnet import params, steps
from mtdnet.artifacts import Facts
from mtdnet.commands.model import named
from mtdnet.errors import InputError
from mtdnet.files import read_json

SECONDS = 3.0  # a server that doesn't answer within them is not there
PATIENCE = 120.0  # of a large project's graph
SHOWN = 5
SERVER = "http://127.0.0.1:4200/api"


def look(parameters: Path) -> dict[str, dict[str, str]]:
    """Return section -> name -> what was seen of the project in the current folder."""
    seen = {"parameters": str(parameters)}
    data = {}
    try:
        settings = params.load(parameters)
        data = {name: _benchmark(name) for name in settings.ingest.layouts}
        tests = steps.evaluated(settings)
        there = sum((steps.evaluation(*each) / Facts.FILE).is_file() for each in tests)
        seen["networks"] = f"{there} of {len(tests)} evaluated"
    except InputError as problem:
        seen["parameters"] = str(problem)
    try:
        seen["asked by default"] = named(None, parameters)
    except InputError as problem:
        seen["asked by default"] = str(problem)
    seen["store"] = os.environ.get("MLFLOW_TRACKING_URI") or _size(Path(".mlflow/mlflow.db"))
    seen["server"] = _server()
    seen["remote"] = _said("dvc", "remote", "list") or "none"
    seen["locks"] = "\n".join(_locks()) or "none held"
    seen["stages"] = _stages()
    return {"project": seen, "data": data}


def _benchmark(name: str) -> str:
    try:
        from mtdnet.data.ingest import summary

        return f"ingested {summary(read_json(steps.ingested(name) / 'counts.json'))}"
    except (ImportError, InputError, KeyError, TypeError):
        there = (steps.DATA / name).exists()
        return "there, not ingested" if there else f"{steps.DATA / name} is missing"


def _size(file: Path) -> str:
    return f"{file}, {file.stat().st_size / 1e6:.1f} MB" if file.is_file() else f"{file}: not made"


def _server() -> str:
    url = os.environ.get("PREFECT_API_URL") or SERVER
    if not url.startswith(("http://", "https://")):
        return f"{url}: no address"
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=SECONDS):  # noqa: S310 - as checked
            return f"{url} answers"
    except urllib.error.HTTPError as problem:
        return (
            f"{url} answers (asks for a password)" if problem.code == 401 else f"{url}: {problem}"
        )
    except (OSError, ValueError) as problem:
        return f"{url}: no answer ({getattr(problem, 'reason', problem)})"


def _locks() -> Iterator[str]:
    """Yield who holds what: slots and flow by the system's locks, DVC's by its list."""
    for file in sorted(Path(".locks").glob("*")):
        if file.suffix == ".json" or not file.is_file():  # the launcher's socket
            continue
        try:
            with FileLock(file).acquire(blocking=False):
                continue
        except Timeout:
            yield f"{file} is held{_by(file.with_suffix('.json'))}"
    with suppress(FileNotFoundError):
        try:
            listed = json.loads(Path(".dvc/tmp/rwlock").read_text(encoding="utf-8"))
            entries = [*listed.get("write", {}).values()]
            entries += [each for some in listed.get("read", {}).values() for each in some]
            for pid, command in sorted({(each["pid"], each["cmd"]) for each in entries}):
                lives = "" if Path(f"/proc/{pid}").exists() else ", which is dead"
                yield f"DVC's list has '{command}' (process {pid}{lives})"
        except (ValueError, KeyError, TypeError, AttributeError):
            yield ".dvc/tmp/rwlock can't be read"


def _by(file: Path) -> str:
    try:
        holder = read_json(file)
        return f" by '{holder['command']}' (process {holder['process']}, since {holder['since']})"
    except (InputError, KeyError, TypeError):
        return ""


def _stages() -> str:
    if not Path("dvc.yaml").is_file():
        return "no dvc.yaml here: steps run by `mtdnet STEP`"
    lines = _said("flows.reproduce", "--dry-run").splitlines()
    more = [f"and {len(lines) - 1 - SHOWN} more"] if len(lines) - 1 > SHOWN else []
    return "\n".join([*lines[-1:], *lines[:-1][:SHOWN], *more])


def _said(module: str, *words: str) -> str:
    """Return what a module of the pipeline prints, or in one line why it doesn't."""
    if not all(map(find_spec, ("dvc", "prefect", module.split(".", maxsplit=1)[0]))):
        return "the pipeline is not installed: mtdnet[pipeline]"
    command = [sys.executable, "-m", module, *words]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return f"`{module}` gave no answer in {PATIENCE:.0f} s"
    failed = done.stderr.strip().splitlines() if done.returncode else []
    return failed[-1] if failed else done.stdout.strip()
