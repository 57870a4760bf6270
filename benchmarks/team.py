"""Machines of a team, played by clones on this one: they share servers and a remote, no folder."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from benchmarks.servers import answers, free_port, running

ROOT = Path(__file__).parents[1]
CODE = ("mtdnet", "tasks", "flows")
FILES = (
    *("params.yaml", "prefect.yaml", "Makefile", ".gitignore", ".dvcignore"),
    *(".dvc/config", ".dvc/.gitignore"),
)
WORD = "mtdnet:word"
# `python -m flows.reproduce` of a project whose stages train nothing
REPRODUCE = """
import sys
from flows import command, graph, plan
plan.make = lambda root, benchmark=None: plan.Plan(graph.stages(root), [])
command.closing = lambda wanted: ""
sys.exit(command.main("reproduce", dry_run=False))
"""


def project(root: Path, stages: str) -> None:
    """Make a project of this code with other stages: ``dvc.yaml`` has the text ``stages``.

    Their outputs lie in ``results``, which git ignores.
    """
    for name in CODE:
        shutil.copytree(
            ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.npz")
        )
    for name in FILES:
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    (root / "dvc.yaml").write_text(stages)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Begin")


def git(folder: Path, *words: str) -> None:
    """Call git with a name for commits."""
    who = ["-c", "user.name=team", "-c", "user.email=team@localhost"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True)


def make(*words: str) -> list[str]:
    """Return a call of the project's Makefile with this Python, from any folder."""
    file, beside = ROOT / "Makefile", Path(sys.executable).parent
    return ["make", "-f", str(file), "-o", ".venv/.ready", f"BIN={beside}", *words]


class Team:
    """Clones below ``room``, each with state of its own; Prefect's and MLflow's servers for all.

    ``room/home``, a repository that is there, is the coordinator's; ``workers`` names the others.
    """

    def __init__(self, room: Path, workers: Sequence[str]) -> None:
        self.room, self.home = room, room / "home"
        self.prefect, self.mlflow = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        for name in ("remote", "servers"):
            (room / name).mkdir()
        git(room, "clone", "-q", "--bare", "home", "origin")
        git(self.home, "remote", "add", "origin", "../origin")
        for name in workers:
            git(room, "clone", "-q", "origin", name)
        for name in ("home", *workers):
            self.remote(name, str(room / "remote"))

    def remote(self, name: str, url: str) -> None:
        """Name a machine's DVC remote, in the file that git ignores."""
        text = f"[core]\n    remote = store\n['remote \"store\"']\n    url = {url}\n"
        (self.room / name / ".dvc" / "config.local").write_text(text)

    def env(self, name: str) -> dict[str, str]:
        """Return what a shell has on a machine of its own."""
        theirs = ("PREFECT", "MLFLOW", "PYTHONPATH", "MTDNET")
        mine = {key: text for key, text in os.environ.items() if not key.startswith(theirs)}
        return mine | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PREFECT_HOME": str(self.room / name / ".prefect"),
            "PREFECT_API_URL": f"{self.prefect}/api",
            "PREFECT_API_AUTH_STRING": WORD,
            "PREFECT_SERVER_API_PORT": self.prefect.rpartition(":")[2],
            "PREFECT_SERVER_API_AUTH_STRING": WORD,
            "DVC_SITE_CACHE_DIR": str(self.room / f"site-{name}"),
            "MLFLOW_TRACKING_URI": self.mlflow,
            "MTDNET_STAGES": "workers",
            "CUDA_VISIBLE_DEVICES": "",
        }

    def start(
        self, name: str, log: str, *command: str, before: str = "", **env: str
    ) -> AbstractContextManager["subprocess.Popen[bytes]"]:
        """Keep a command running on a machine, in a mount namespace that ``before`` prepares."""
        if before:
            shell = ["sh", "-ec", f'{before}\nexec "$@"', "sh"]
            command = ("unshare", "--map-root-user", "--mount", *shell, *command)
        return running(command, self.room / name, self.env(name) | env, self.log(log))

    @contextmanager
    def worker(self, name: str, pool: str, before: str = "", **env: str) -> Iterator[None]:
        """Let a machine serve a pool, as a user does; the block begins when it does."""
        log, command = f"{name}-{pool}", make("worker", f"POOL={pool}")
        with self.start(name, log, *command, before=before, **env):
            for _ in range(1200):
                if "started!" in (said := self.log(log).read_text()) or "error: " in said:
                    break
                time.sleep(0.1)
            yield

    def log(self, name: str) -> Path:
        """Return the file of what a command printed."""
        return self.room / f"{name}.log"

    @contextmanager
    def prefect_served(self) -> Iterator[None]:
        """Run Prefect's server, and give it the flows."""
        with self.start("servers", "prefect", *make("prefect")) as server:
            if not answers(server, f"{self.prefect}/api/health"):
                raise RuntimeError(self.log("prefect").read_text())
            env = self.env("home")
            subprocess.run(make("deploy"), cwd=self.home, env=env, check=True, capture_output=True)
            yield

    @contextmanager
    def mlflow_served(self) -> Iterator[None]:
        """Run MLflow's server."""
        port = self.mlflow.rpartition(":")[2]
        command = [sys.executable, "-m", "mlflow", "server", "--port", port, "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{self.room / 'servers' / 'mlflow.db'}"]
        command += ["--artifacts-destination", "artifacts"]
        env = self.env("servers") | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        del env["MLFLOW_TRACKING_URI"]
        with running(command, self.room / "servers", env, self.log("mlflow")) as server:
            if not answers(server, f"{self.mlflow}/health"):
                raise RuntimeError(self.log("mlflow").read_text())
            yield

    @contextmanager
    def served(self) -> Iterator[None]:
        """Run both servers."""
        with ExitStack() as stack:
            stack.enter_context(self.mlflow_served())
            stack.enter_context(self.prefect_served())
            yield
