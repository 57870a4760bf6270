"""The steps of a training, with a validation after every so many of them."""

import time
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from tqdm import tqdm

from mtdnet.interrupt import Heard, Stop
from mtdnet.params import Training
from mtdnet.tracker import Tracker
from mtdnet.training.checkpoint import Checkpoints
from mtdnet.training.cross_validation import CrossValidation
from mtdnet.training.mixture import Lists
from mtdnet.training.state import State
from mtdnet.training.trainer import Trainer
from mtdnet.training.validation import Validation

LOOK_EVERY = 20  # steps between looks at the losses: each look waits for the device


class Progress(tqdm):  # type: ignore[type-arg]
    """Losses since the last validation, its rank-1, triplets a second and the time left."""

    def __init__(self, name: str, settings: Training, state: State, disable: bool) -> None:
        super().__init__(
            total=settings.steps * settings.triplets,
            initial=state.step * settings.triplets,
            desc=name,
            unit=" triplets",
            unit_scale=True,
            disable=disable,
        )
        self.per_step = settings.triplets

    def show(self, state: State) -> None:
        """Bring the line up to the state."""
        rank1 = f"{state.history[-1]['validation_rank1']:.1%}" if state.history else "-"
        if state.since:
            losses = [f"{name} {total / state.since:.3f}" for name, total in state.sums.items()]
            self.set_postfix_str(", ".join([*losses, f"rank-1 {rank1}"]), refresh=False)
        self.update(state.step * self.per_step - self.n)


@dataclass
class Loop:
    """What a training goes through, from where ``state`` stands.

    ``source``: batches of the source beside those of ``target``, where the variant takes some.
    """

    trainer: Trainer
    target: Lists
    source: Lists | None
    validation: Validation | CrossValidation
    state: State
    keeper: Checkpoints
    tracker: Tracker
    seed: int

    def run(self, name: str) -> bool:
        """Take the steps that are left; return False, its state kept, when it was asked to stop.

        ``name``: of the training, on its bar.
        """
        state, trainer, group = self.state, self.trainer, self.trainer.group
        settings, before = trainer.settings, time.monotonic() - state.seconds
        with Stop() as stop, Progress(name, settings, state, group.rank > 0) as progress:
            stopping, alone = False, group.count == 1  # others wait for this one's gradients
            if alone and not settings.compile:
                trainer.within = stop.raised
            while not stopping:
                # Of the step before, or of the one after which a training was stopped.
                if state.due(settings) and group.rank == 0:
                    try:
                        with stop.raised() if alone else nullcontext():
                            measured = self.validation.measure(trainer.result(), state.step)
                    except Heard:
                        stopping = True
                        break
                    state.close_row(settings.triplets, measured, settings.snapshot)
                    state.seconds = time.monotonic() - before
                    self.keeper.save(state, trainer, state.best_step == state.step)
                    self.tracker.log(state.history[-1])
                if state.step == settings.steps:
                    break
                torch.manual_seed(self._step_seed())
                of_source = self.source.batch(state.step) if self.source else None
                of_target = self.target.batch(state.step)
                try:
                    trainer.step(of_target, of_source)
                except Heard:  # the step is not taken
                    stopping = True
                else:
                    state.step, state.since = state.step + 1, state.since + 1
                    stopping = group.any(stop.requested)  # asked once: what follows must agree
                if state.due(settings) or stopping or state.step % LOOK_EVERY == 0:
                    state.add(trainer.take_sums(state.step))
                    state.seconds = time.monotonic() - before
                    progress.show(state)
            if stopping and group.rank == 0:  # the first process chooses and keeps
                self.keeper.save(state, trainer, new_best=False)
        return not stopping

    def _step_seed(self) -> int:
        """Return the seed of a step's dropout and augmentation: continued, it draws the same."""
        entropy = [self.seed, self.state.step, self.trainer.group.rank]
        return int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0])
