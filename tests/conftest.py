"""State of Prefect, DVC and MLflow in a folder of this test run, before they are imported."""

import dataclasses
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
MARKS = {"benchmarks": "slow", "flows": "pipeline", "tasks": "pipeline"}
WHOLE_FLOWS = ("chaos", "pipeline")
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
if "PYTEST_XDIST_WORKER" in os.environ:  # beside others: their threads would wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")
for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "MLFLOW_TRACKING_URI", "CUDA_VISIBLE_DEVICES"):
    os.environ.pop(name, None)

import flows.environment  # noqa: E402, F401 - before Prefect, which reads it when imported


def pytest_configure(config: pytest.Config) -> None:
    """Leave out what DVC can only mend in its own code."""
    config.addinivalue_line("filterwarnings", "ignore:_NoneStep:DeprecationWarning")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what a whole folder has in common; whole flows first, so that none runs on alone."""
    for item in items:
        if mark := MARKS.get(item.path.parent.name):
            item.add_marker(mark)
    items.sort(key=lambda item: item.path.parent.name not in WHOLE_FLOWS)


def pytest_unconfigure() -> None:
    """Leave nothing behind, not even when no test could start."""
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute on the processor in float32: bf16 rounds by the size of a batch."""
    from mtdnet import device

    monkeypatch.setenv("MTDNET_DEVICE", "cpu")
    exact = dataclasses.replace(device.choose(), bf16=False)
    monkeypatch.setattr(device, "choose", lambda: exact)


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


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return ``results/`` of ingest and augment for 14 persons, each a pair of colours."""
    import numpy as np
    import yaml
    from PIL import Image

    from mtdnet import steps
    from mtdnet.params import Params, build

    root = tmp_path_factory.mktemp("small")
    rng = np.random.default_rng(0)
    for camera in ("a", "b"):
        folder = root / "data" / "viper" / "VIPeR" / f"cam_{camera}"
        folder.mkdir(parents=True)
        for person in range(14):
            colours = np.random.default_rng(person).integers(0, 256, (2, 1, 1, 3))
            pixels = np.repeat(colours, 16, axis=1).repeat(12, axis=2).reshape(32, 12, 3)
            noisy = (pixels + rng.integers(-20, 20, pixels.shape)).clip(0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / f"{person:03d}_{90 if camera == 'b' else 0}.bmp")
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["augment"]["splits"] = {}  # the published share of 14 persons
    chosen = build(Params, content, "params.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        steps.ingest(chosen, "viper")
        steps.augment(chosen, "viper", 0)
    return root / "results"


@pytest.fixture(scope="session")
def train_small(small: Path) -> Callable[..., None]:
    """Return what trains a network on ``small``, a sixteenth wide, into ``ROOM/model``."""
    from mtdnet.params import Training
    from mtdnet.training import Setup, Start, train

    def run(room: Path, variant: str = "mtdnet", **settings: Any) -> None:
        setup = Setup(
            ingested=small / "ingest" / "viper",
            augmented=small / "augment" / "viper-0",
            settings=Training(triplets=20, **settings),
            seed=3,
            variant=variant,
            start=Start(width=1 / 16),
        )
        train(setup, out=room / "model", checkpoints=room / "checkpoints")

    return run
