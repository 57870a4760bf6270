"""The library runs on a bare machine: it imports nothing of the pipeline."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mtdnet

LIBRARY = Path(mtdnet.__file__).parent
FOREIGN = {"prefect", "dvc", "mlflow", "pandas", "typer", "filelock", "sqlalchemy"}
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


def imported(file: Path) -> Iterator[str]:
    """Yield the top-level name of each import of a file, wherever it stands in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_no_file_imports_the_pipeline() -> None:
    files = sorted(LIBRARY.rglob("*.py"))
    assert len(files) > 20
    found = {(file.name, name) for file in files for name in imported(file) if name in FOREIGN}
    assert not found


def test_every_module_loads_without_the_pipeline() -> None:
    done = subprocess.run(
        [sys.executable, "-c", BARE, *sorted(FOREIGN)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "mtdnet.inference.verifier" in done.stdout.split()
