"""A flow that is killed and started again ends as one that was not."""

from pathlib import Path

import pytest

from tests.chaos.__main__ import Chaos

pytestmark = [pytest.mark.slow, pytest.mark.pipeline]


@pytest.mark.timeout(1800)
def test_killed_at_random_moments_it_ends_as_the_undisturbed(tmp_path: Path) -> None:
    chaos = Chaos(tmp_path, seed=7)
    lines = list(chaos.disturb(3))
    assert chaos.kills.total() == 3
    assert not chaos.wrong, lines
