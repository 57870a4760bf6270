"""The registered model: two columns of image files in, the probability of one person out.

MLflow runs this file when it saves and when it loads a model; nothing is pickled.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from mtdnet.errors import InputError
from mtdnet.inference.verifier import Verifier


class Pairs(PythonModel):
    """Rows of ``left`` and ``right`` (image files) -> calibrated ``probability`` in [0, 1]."""

    def load_context(self, context: PythonModelContext) -> None:
        """Load the network that was saved with the model."""
        self.verifier = Verifier(Path(context.artifacts["network"]))

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Score each row; InputError names the row and what is wrong with its image."""
        for side in ("left", "right"):
            for row, file in enumerate(model_input[side]):
                if not isinstance(file, str) or not Path(file).is_file():
                    raise InputError(f"row {row}, {side}: no image file {file!r}")
        left, right = ([Path(file) for file in model_input[side]] for side in ("left", "right"))
        probability = self.verifier.probability(left, right)
        return pd.DataFrame({"probability": probability.astype("float32")}, index=model_input.index)


set_model(Pairs())
