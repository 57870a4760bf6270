"""A flow that is killed and started again ends as one that was not."""

from pathlib import Path

import pytest

from tests.chaos.__main__ import Chaos

pytestmark = [pytest.mark.slow, pytest.mark.pipeline]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kills", [3, pytest.param(12, marks=pytest.mark.long)])
def test_killed_at_random_moments_it_ends_as_the_undisturbed(kills: int, tmp_path: Path) -> None:
    chaos = Chaos(tmp_path, seed=kills + 4)
    lines = list(chaos.disturb(kills))
    assert chaos.kills.total() == kills
    assert not chaos.wrong, lines
