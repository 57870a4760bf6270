"""All five benchmarks, drawn once with eight persons each."""

from pathlib import Path

import pytest

from mtdnet.synthetic import LIMITS, write


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("drawn")
    write(out, persons=dict.fromkeys(LIMITS, 8), seed=3)
    return out
