"""State of Prefect, DVC and MLflow in a folder of this session, before any of them is imported."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

HOME = Path(tempfile.mkdtemp(prefix="mtdnet-tests-"))
os.environ |= {
    "PREFECT_HOME": str(HOME / "prefect"),
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "DVC_SITE_CACHE_DIR": str(HOME / "dvc"),
    "DVC_NO_ANALYTICS": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "MLFLOW_TRACKING_URI", "CUDA_VISIBLE_DEVICES"):
    os.environ.pop(name, None)


@pytest.fixture(scope="session", autouse=True)
def state_below_temporary_folder() -> Iterator[None]:
    yield
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """One Prefect server with a database of its own, for all flows of the session."""
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture
def project(tmp_path: Path) -> Callable[[str], Path]:
    """Make a DVC project of its own, without git, from the text of its ``dvc.yaml``."""

    def make(stages: str) -> Path:
        root = tmp_path / "project"
        (root / ".dvc").mkdir(parents=True)
        (root / ".dvc" / "config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
        (root / "dvc.yaml").write_text(dedent(stages))
        return root

    return make
