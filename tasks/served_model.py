"""What a registered model is made of: code, network, signature, requirements."""

from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.version import Version

import mtdnet

FILE = "network.safetensors"


def parts(model: Path) -> dict[str, Any]:
    """Return the settings of ``mlflow.pyfunc.log_model`` or ``save_model`` for a model folder."""
    from mlflow.models import ModelSignature  # seconds, and most runs register nothing
    from mlflow.types import ColSpec, DataType, Schema

    signature = ModelSignature(
        inputs=Schema([ColSpec(DataType.string, "left"), ColSpec(DataType.string, "right")]),
        outputs=Schema([ColSpec(DataType.float, "probability")]),
    )
    return {
        "python_model": str(Path(__file__).with_name("model_code.py")),
        "artifacts": {"network": str(model / FILE)},
        "code_paths": [str(Path(mtdnet.__file__).parent)],
        "signature": signature,
        "pip_requirements": _pinned(),
    }


def _pinned() -> list[str]:
    """Return what ``mtdnet`` requires, and what a model's table needs, at the versions here."""
    names = [Requirement(line) for line in requires("mtdnet") or []]
    needed = [each.name for each in names if each.marker is None] + ["mlflow", "pandas"]
    return [f"{each}=={Version(version(each)).public}" for each in needed]
