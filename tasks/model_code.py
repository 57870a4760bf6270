"""The registered model: two columns of image files in, the probability of one person out.

MLflow runs this file when it saves and when it loads a model; nothing is pickled.
"""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from mtdnet.errors import InputError
from mtdnet.inference.verifier import Verifier


class Refused(MlflowException):
    """What is wrong with a row; MLflow's server answers with status 400 and the line.

    The server would put the whole input, images included, before ``message``: that stays as it is.
    """

    def __init__(self, line: str) -> None:
        self._line = line
        super().__init__(line, error_code=INVALID_PARAMETER_VALUE)

    @property
    def message(self) -> str:
        """The line."""
        return self._line

    @message.setter
    def message(self, value: str) -> None:
        pass


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
        """Score each row; Refused names the row and what is wrong with its image."""
        for side in ("left", "right"):
            for row, file in enumerate(model_input[side]):
                if not _is_file(file):
                    raise Refused(f"row {row}, {side}: no image file")
        left, right = ([Path(file) for file in model_input[side]] for side in ("left", "right"))
        try:
            probability = self.verifier.probability(left, right)
        except InputError as problem:
            raise Refused(str(problem)) from None
        return pd.DataFrame({"probability": probability.astype("float32")}, index=model_input.index)


def _is_file(file: object) -> bool:
    try:
        return isinstance(file, str) and Path(file).is_file()
    except OSError:  # longer than any name: an image in base64, perhaps
        return False


set_model(Pairs())
