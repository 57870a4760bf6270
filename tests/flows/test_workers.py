"""A flow on workers that share a Prefect server, a DVC remote and MLflow's server, and no folder."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from mlflow import MlflowClient
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from tests.chaos import kill, state
from tests.chaos.__main__ import PARAMS, PERSONS
from tests.flows.test_servers import answers, free_port, make, running
from tests.pipeline import project

pytestmark = pytest.mark.slow

WORD = "mtdnet:word"
STEPS = "steps: 200"  # of the training in which a worker is killed
HIDE = 'for place in $OTHERS; do mount -t tmpfs none "$place" || exit 1; done; exec "$@"'
NAMES = ("home", "left", "right")  # of the coordinator, and of two workers


class Team:
    """Three clones, each with state of its own, and servers for all."""

    def __init__(self, room: Path) -> None:
        self.room, self.prefect, self.mlflow = (
            room,
            *(f"http://127.0.0.1:{free_port()}" for _ in "pm"),
        )
        home = room / "home"
        project.make(home, PARAMS.replace("steps: 4", STEPS), PERSONS)
        shutil.copytree(home, room / "still")
        self.git(room, "clone", "-q", "--bare", "home", "origin")
        self.git(home, "remote", "add", "origin", str(room / "origin"))
        (room / "remote").mkdir()
        for name in NAMES[1:]:
            self.git(room, "clone", "-q", "origin", name)
        for name in NAMES:
            project.run(
                room / name, "dvc", "remote", "add", "-q", "--local", "-d", "store", "../../remote"
            )

    def git(self, folder: Path, *words: str) -> None:
        who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
        subprocess.run(["git", *who, *words], cwd=folder, check=True)

    def env(self, name: str) -> dict[str, str]:
        """Return what a shell in a folder has, on a machine with no other."""
        ours = {
            k: v
            for k, v in project.environment().items()
            if not k.startswith(("PREFECT", "MLFLOW"))
        }
        return ours | {
            "PREFECT_HOME": str(self.room / name / ".prefect"),
            "PREFECT_API_URL": f"{self.prefect}/api",
            "PREFECT_SERVER_API_PORT": self.prefect.rpartition(":")[2],
            "PREFECT_API_AUTH_STRING": WORD,
            "PREFECT_SERVER_API_AUTH_STRING": WORD,
            "PREFECT_WORKER_HEARTBEAT_SECONDS": "3",
            "DVC_SITE_CACHE_DIR": str(self.room / name / ".dvc" / "site"),
            "MLFLOW_TRACKING_URI": self.mlflow,
            "MTDNET_SHARE_SECONDS": "0.5",
            "MTDNET_STAGES": "workers",
            "CUDA_VISIBLE_DEVICES": "",
            "OTHERS": " ".join(str(self.room / each) for each in (*NAMES, "still") if each != name),
            kill.MARK: f"{self.room}-{name}",
        }

    def alone(self, name: str, *command: str) -> list[str]:
        """Return a command that sees the other folders empty."""
        return ["unshare", "-rm", "sh", "-c", HIDE, "alone", *command]

    @contextmanager
    def worker(self, name: str, pool: str) -> Iterator[None]:
        command = self.alone(name, *make(f"POOL={pool}", "worker"))
        log = self.room / f"{name}-{pool}.log"
        with running(command, self.room / name, self.env(name), log):
            yield
