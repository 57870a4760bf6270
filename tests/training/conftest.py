"""What whole trainings share."""

import pytest


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train on the processor, whatever the machine has."""
    monkeypatch.setenv("MTDNET_DEVICE", "cpu")
