"""One line that tells how a training goes."""

from tqdm import tqdm

from mtdnet.params import Training
from mtdnet.training.state import State


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
