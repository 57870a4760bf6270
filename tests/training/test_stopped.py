"""A training that is stopped ends soon, and keeps whole steps alone."""

import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from mtdnet.errors import Stopped
from mtdnet.networks.base import Network
from mtdnet.params import Training
from mtdnet.training.validation import Validation
from tests.training.small_training import Rows, interrupt, run, same_models

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("processor")]


@pytest.mark.parametrize("way", ["forth", "back"])
def test_stopped_within_a_step_it_is_not_taken(
    way: str, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Training(steps=6, triplets=20, learning_rate=0.01, validate_every=3, averaging=0.9)
    run(small, tmp_path / "whole", settings)
    taken, backward = interrupt(monkeypatch, after=99), torch.autograd.backward

    def interrupted(step: int, objective: torch.Tensor) -> None:
        if len(taken) < step:
            return backward(objective)
        if way == "back":
            hook: Any = objective.register_hook  # it has no types
            hook(lambda _: os.kill(os.getpid(), signal.SIGTERM))
        else:
            os.kill(os.getpid(), signal.SIGTERM)
        backward(objective)
        pytest.fail("it went on")

    for step in (0, 4):
        with monkeypatch.context() as patch, pytest.raises(Stopped, match=f"at step {step} of 6"):
            patch.setattr(torch.autograd, "backward", partial(interrupted, step))
            run(small, tmp_path / "parts", settings)
    run(small, tmp_path / "parts", settings)
    assert len(taken) == 6, "it began anew"
    same_models(tmp_path / "whole", tmp_path / "parts")


def test_a_second_signal_in_a_step_keeps_nothing_of_it(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Training(steps=6, triplets=20, learning_rate=0.01, validate_every=3)
    run(small, tmp_path / "whole", settings)
    taken, take = list[int](), torch.optim.SGD.step

    def interrupted(*words: Any, **named: Any) -> None:
        taken.append(len(taken))
        take(*words, **named)
        if len(taken) == 5:  # weights have changed, the step doesn't count yet
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)

    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(torch.optim.SGD, "step", interrupted)
            run(small, tmp_path / "parts", settings)
    finally:
        signal.signal(signal.SIGINT, former)
    run(small, tmp_path / "parts", settings)
    same_models(tmp_path / "whole", tmp_path / "parts")


@pytest.mark.parametrize("step", [3, 6])
def test_stopped_in_a_validation_it_doesnt_wait_for_its_end(
    step: int, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(small, tmp_path / "whole")
    measure, measured = Validation.measure, list[int]()
    taken = interrupt(monkeypatch, after=99)

    def interrupted(self: Validation, network: Network, at: int) -> dict[str, float]:
        if len(taken) == step and not measured:
            measured.append(step)
            os.kill(os.getpid(), signal.SIGTERM)
            pytest.fail("it went on")
        return measure(self, network, at)

    monkeypatch.setattr(Validation, "measure", interrupted)
    with pytest.raises(Stopped, match=f"stopped at step {step} of 6; kept"):
        run(small, tmp_path / "parts")
    rows = Rows()
    run(small, tmp_path / "parts", tracker=rows)
    assert len(taken) == 6, "it began anew"
    assert rows.steps == [3, 6]
    same_models(tmp_path / "whole", tmp_path / "parts")


def test_stopped_in_a_step_it_begins_no_validation(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(small, tmp_path / "whole")
    with monkeypatch.context() as patch, pytest.raises(Stopped, match="at step 3 of 6"):
        interrupt(patch, after=3)
        patch.setattr(Validation, "measure", lambda *given: pytest.fail("it began"))
        run(small, tmp_path / "parts")
    run(small, tmp_path / "parts")
    same_models(tmp_path / "whole", tmp_path / "parts")
