"""Who may import whom; the library runs on a bare machine, without the pipeline."""

import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from docs import picture

ROOT = Path(__file__).parents[2]
FOREIGN = {"prefect", "dvc", "mlflow", "optuna", "pandas", "typer", "sqlalchemy"}
FOREIGN |= {"tasks", "flows"}
# Import every module with the foreign ones out of reach, as where they are not installed.
BARE = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    sys.modules[name] = None
import mtdnet
for module in pkgutil.walk_packages(mtdnet.__path__, "mtdnet."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""


def test_imports_run_as_the_contracts_say(capsys: pytest.CaptureFixture[str]) -> None:
    kept = lint_imports(str(ROOT / "pyproject.toml"), no_cache=True)
    assert kept == 0, capsys.readouterr().out


def test_the_picture_is_of_this_code() -> None:
    assert picture.TARGET.read_text(encoding="utf-8") == picture.svg(), "python -m docs.picture"


@pytest.mark.slow
def test_every_module_loads_without_the_pipeline() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BARE, *sorted(FOREIGN)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "mtdnet.inference.verifier" in done.stdout.split()
