"""The registered model: images in, the probability of one person, a ranking or features out.

MLflow runs this file when it saves and when it loads a model; nothing is pickled.
"""

import base64
import binascii
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from mtdnet.data.decode import BYTES
from mtdnet.data.picture import Source, source
from mtdnet.errors import InputError
from mtdnet.inference.verifier import Verifier

COLUMNS = {"same": ("left", "right"), "rank": ("query", "gallery"), "features": ("image",)}
FILES = "MTDNET_SERVE_PATHS"  # "1": a text may name a file that this process reads
DATA = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w.+-]+=[\w.+-]+)*;base64,")
BLANK = re.compile(r"\s")


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


class Answers(PythonModel):
    """Rows of images -> a frame of answers; the columns, or the parameter ``mode``, say which.

    ``left``, ``right`` ("same"): the ``probability`` in [0, 1], a row each, and whether it is
    ``calibrated``. ``query`` and ``gallery``, a list ("rank"): the ``top_k`` most like the query,
    best first, as rows of ``query`` (its row, from 0), ``rank``, ``place`` in the gallery, from 0,
    and those two. ``image`` ("features"): ``feature``, a list of floats. A query, and each member
    of a gallery, may be a list: images of one person.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Load the network that was saved with the model."""
        self.verifier = Verifier(Path(context.artifacts["network"]))

    def predict(
        self,
        context: PythonModelContext,
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Answer each row; Refused names the row, the column and what is wrong there."""
        given = params or {}
        try:
            mode = _mode(model_input, str(given.get("mode", "auto")))
            folds = int(given.get("folds", 8))
            if mode == "rank":
                return self._rank(model_input, folds, **_counts(given))
            if mode == "features":
                features = self.verifier.embed(_images(model_input, "image")).tolist()
                return pd.DataFrame({"feature": features}, index=model_input.index)
            left, right = (_images(model_input, side) for side in COLUMNS["same"])
            probability = self.verifier.probability(left, right, folds).astype("float32")
            answers = {"probability": probability, "calibrated": self.verifier.calibrated}
            return pd.DataFrame(answers, index=model_input.index)
        except InputError as problem:
            raise Refused(str(problem)) from None

    def _rank(
        self, rows: pd.DataFrame, folds: int, top: int | None, shortlist: int | None
    ) -> pd.DataFrame:
        queries = [_person(cell, f"row {n}, query") for n, cell in enumerate(rows["query"])]
        galleries = [_gallery(cell, f"row {n}, gallery") for n, cell in enumerate(rows["gallery"])]
        answers = [
            (n, rank, *ranked)
            for n, (query, gallery) in enumerate(zip(queries, galleries, strict=True))
            for rank, ranked in enumerate(
                self.verifier.rank(query, gallery, top, folds, shortlist), start=1
            )
        ]
        frame = pd.DataFrame(answers, columns=["query", "rank", "place", "probability"])
        return frame.astype({"probability": "float32"}).assign(calibrated=self.verifier.calibrated)


def _mode(rows: pd.DataFrame, asked: str) -> str:
    """Return the kind of question: the one asked for, else the one whose columns are there."""
    if asked not in ("auto", *COLUMNS):
        raise InputError(f"mode: expected auto, {', '.join(COLUMNS)}, found {asked[:40]!r}")
    there = {name for name in rows.columns if not rows[name].map(_missing).all()}
    for mode, columns in COLUMNS.items():
        if asked == mode or (asked == "auto" and there & set(columns)):
            if lacking := [name for name in columns if name not in there]:
                raise InputError(f"column {lacking[0]}: missing, or empty in all rows")
            return mode
    wanted = "; ".join(" and ".join(columns) for columns in COLUMNS.values())
    raise InputError(f"no rows of images: expected the columns {wanted}")


def _counts(given: dict[str, Any]) -> dict[str, int | None]:
    counts = {
        name: int(given.get(name, usual)) for name, usual in (("top_k", 10), ("shortlist", 0))
    }
    for name, count in counts.items():
        if count < 0:
            raise InputError(f"{name}: expected 0, which sets no limit, or more, found {count}")
    return {"top": counts["top_k"] or None, "shortlist": counts["shortlist"] or None}


def _images(rows: pd.DataFrame, column: str) -> list[Source]:
    return [_image(cell, f"row {n}, {column}") for n, cell in enumerate(rows[column])]


def _gallery(cell: Any, name: str) -> list[Any]:
    members = _listed(cell)
    if not members:
        found = "missing" if _missing(cell) else type(cell).__name__
        raise InputError(f"{name}: expected a list of images, found {found}")
    return [_person(member, f"{name} {n}") for n, member in enumerate(members)]


def _person(cell: Any, name: str) -> Source | list[Source]:
    members = _listed(cell)
    if members is None:
        return _image(cell, name)
    return [_image(member, f"{name}, image {n}") for n, member in enumerate(members)]


def _listed(cell: Any) -> list[Any] | None:
    """Return the members of a list in a cell; None when it is an image, or nothing."""
    if isinstance(cell, np.ndarray):  # pixels, or a list as MLflow passes it
        return None if cell.dtype.kind in "uif" and cell.ndim < 4 else list(cell)
    return list(cell) if isinstance(cell, (list, tuple)) else None


def _image(cell: Any, name: str) -> Source:
    """Return what reads an image: of a text, base64, a data URI or, where switched on, a path."""
    if _missing(cell):
        raise InputError(f"{name}: missing")
    return source(_decoded(cell, name) if isinstance(cell, str) else cell, name)


def _decoded(text: str, name: str) -> bytes | Path:
    if os.environ.get(FILES) == "1":
        with suppress(OSError):  # longer than any name: an image in base64
            if Path(text).is_file():
                return Path(text)
    if len(text) > 2 * BYTES:
        raise InputError(f"{name}: at most {BYTES:,} bytes of an image are read; save it smaller")
    head = DATA.match(text)
    try:
        return base64.b64decode(BLANK.sub("", text[head.end() :] if head else text), validate=True)
    except (binascii.Error, ValueError):  # the latter for what is not ASCII
        raise InputError(
            f"{name}: no image: expected base64 or a data URI; a text names a file only where "
            f"{FILES}=1 is set for the model"
        ) from None


def _missing(cell: Any) -> bool:
    return cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell))


set_model(Answers())
