"""The state of a training on disk: a stopped one continues exactly, a finished one is not lost.

``last.safetensors`` is where a training stands, ``best-STEP.safetensors`` the network that was best
on validation persons. Once it has finished, ``last.safetensors`` holds its summary and no weights:
with the best network enough to write the model folder again, until ``sweep`` takes both away.
"""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path

from pydantic import TypeAdapter
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mtdnet.artifacts import TrainingRecord
from mtdnet.errors import InputError
from mtdnet.files import alone, sha256, whole
from mtdnet.networks import serialization
from mtdnet.training.state import State, history
from mtdnet.training.trainer import Trainer
from mtdnet.training.trainer_tensors import load, tensors_of

LAST, LOCK, KEY = "last.safetensors", "lock", "checkpoint"


class Unusable(Exception):  # noqa: N818 - no error: the training begins anew
    """Why kept state can't be continued from."""


class Checkpoints:
    """The folder of one training's state, which one process at a time may hold."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.last = folder, folder / LAST

    @contextmanager
    def lock(self, here: bool = True) -> Iterator[None]:
        """Hold the folder, if ``here``, and clear drafts of a killed process away.

        Raises InputError when another process holds it. The lock goes with the process.
        """
        if not here:
            yield
            return
        with alone(self.folder / LOCK, "this training"):
            for draft in self.folder.glob(".*.safetensors.*"):
                shutil.rmtree(draft, ignore_errors=True)
            yield

    def best(self, state: State) -> Path:
        """Return the file of the best network so far."""
        return self.folder / f"best-{state.best_step}.safetensors"

    def save(self, state: State, trainer: Trainer, new_best: bool) -> None:
        """Write all that a training continues from, whole or not at all."""
        if new_best:  # beside the former one, which stays until the state knows this one
            serialization.save(trainer.result(), self.best(state))
            state.best_sha256 = sha256(self.best(state))
        self._write(state, tensors_of(trainer))

    def finish(self, state: State) -> None:
        """Keep of a finished training what its model folder is written from."""
        self._write(state, {})

    def _write(self, state: State, tensors: Mapping[str, Tensor]) -> None:
        plain = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
        content = asdict(state)
        own = serialization.digest(content, plain)
        header = json.dumps({"state": content, "sha256": own}, allow_nan=False)
        with whole(self.last) as draft:
            save_file(plain, draft, metadata={KEY: header})
        for former in self.folder.glob("best-*.safetensors"):
            if former != self.best(state):
                former.unlink()

    def restore(self, fingerprint: str, trainer: Trainer) -> State | None:
        """Return the state of a training, and bring the trainer to it.

        None when there is none, or only one of other data or settings or a damaged one: of the
        latter two a line on standard error tells.
        """
        try:
            state, tensors = self._read()
            if state.fingerprint != fingerprint:
                raise Unusable("of another training")
            if state.best_step and not self._holds_best(state):
                raise Unusable("its best network is missing or damaged")
        except FileNotFoundError:
            return None
        except Unusable as why:
            print(f"{self.last}: {why}; begins anew", file=sys.stderr)
            return None
        if state.summary is None:
            try:
                load(tensors, trainer)
            except (KeyError, ValueError, IndexError, RuntimeError):
                line = "of other weights; remove the folder to begin anew"
                raise InputError(f"{self.last}: {line}") from None
            trainer.step_count = state.step
        return state

    def finished(self) -> bool:
        """Tell whether the folder holds a finished training."""
        try:
            return self._read()[0].summary is not None
        except (FileNotFoundError, Unusable):
            return False

    def _read(self) -> tuple[State, dict[str, Tensor]]:
        try:
            with safe_open(self.last, framework="pt") as file:
                header = json.loads(file.metadata()[KEY])
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            content = header["state"]
            if header["sha256"] != serialization.digest(content, tensors):
                raise Unusable("damaged")
            if content.keys() != {each.name for each in fields(State)}:
                raise Unusable("of another version")
            TypeAdapter(State).validate_json(json.dumps(content), strict=True)
            if content["summary"] is not None:
                TrainingRecord.model_validate(content["summary"])
                history(content["history"])
            return State(**content | {"best": tuple(content["best"])}), tensors
        except (
            *(SafetensorError, KeyError, IndexError, TypeError),
            *(ValueError, AttributeError, RecursionError),
        ):
            raise Unusable("no checkpoint, or a damaged one") from None

    def _holds_best(self, state: State) -> bool:
        return self.best(state).is_file() and sha256(self.best(state)) == state.best_sha256


def sweep(folder: Path) -> bool:
    """Remove the state of a finished training; return False, and leave it, for any other.

    For who knows that the model folder is safe. A folder that another process holds stays as well.
    """
    checkpoints = Checkpoints(folder)
    if not (folder / LAST).is_file():
        return False
    try:
        with checkpoints.lock():
            if done := checkpoints.finished():
                shutil.rmtree(folder)
            return done
    except InputError:
        return False
