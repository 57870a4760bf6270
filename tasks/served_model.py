"""What a registered model is made of: code, network, signature, requirements, an example."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

import mtdnet
from mtdnet.networks import header

# What `mtdnet.inference.verifier` imports; MLflow adds itself, and that brings pandas.
NEEDS = ("numpy", "pillow", "safetensors", "torch")
TRUNK_NEEDS = {"resnet50": ("torchvision",)}
# A drawn picture of 2 x 4 pixels, PNG in base64.
PICTURE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAAECAIAAAArjXluAAAAH0lEQVR4nGPYoqGhYbOAiYGBgYGBgdHGxoaBgQHKAw"
    "A6qgLC+sXnCQAAAABJRU5ErkJggg=="
)


def parts(model: Path) -> dict[str, Any]:
    """Return the settings of ``mlflow.pyfunc.log_model`` or ``save_model`` for a model folder.

    All columns are optional text: base64 or a data URI over HTTP, any object in a process. MLflow's
    binary columns take no data URI and no list, and refuse a missing value without its row.
    """
    from mlflow.models import ModelSignature  # seconds, and most runs register nothing
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec
    from mlflow.types.schema import Array

    def columns(kind: DataType, *names: str) -> list[ColSpec | TensorSpec]:
        return [ColSpec(kind, name, required=False) for name in names]

    inputs = columns(DataType.string, "left", "right", "query", "gallery", "image")
    outputs = [
        *columns(DataType.float, "probability"),
        *columns(DataType.boolean, "calibrated"),
        *columns(DataType.long, "query", "rank", "place"),
        ColSpec(Array(DataType.float), "feature", required=False),
    ]
    params = [
        ParamSpec("mode", DataType.string, "auto"),
        ParamSpec("folds", DataType.long, 8),
        ParamSpec("top_k", DataType.long, 10),
        ParamSpec("shortlist", DataType.long, 0),
    ]
    return {
        "python_model": str(Path(__file__).with_name("model_code.py")),
        "artifacts": {"network": str(model / header.FILE)},
        "code_paths": [str(Path(mtdnet.__file__).parent)],
        "signature": ModelSignature(Schema(inputs), Schema(outputs), ParamSchema(params)),
        "input_example": {"left": PICTURE, "right": PICTURE},
        "pip_requirements": requirements(model),
    }


def requirements(model: Path) -> list[str]:
    """Return what the network of a model folder needs to answer, at the versions here.

    Local parts of versions go (2.15.0, not 2.15.0+cpu): a CPU build answers as well.
    """
    trunk = header.read(model / header.FILE).trunk
    names = (*NEEDS, *TRUNK_NEEDS.get(trunk, ()))
    return [f"{name}=={version(name).split('+')[0]}" for name in names]
