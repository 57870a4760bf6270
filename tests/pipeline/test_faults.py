"""Faults of the machine and of others: one line, and what stood there stays."""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from flows.environment import ROOT
from mtdnet.__main__ import main
from tests.waiting import until

pytestmark = pytest.mark.slow

NETWORK = ["--variant", "mtdnet", "--split", "0"]
STEPS = {
    "ingest": ["--benchmark", "viper"],
    "augment": ["--benchmark", "viper", "--split", "0"],
    "pretrain": NETWORK,
    "evaluate": ["--target", "viper", *NETWORK],
    "report": [],
}
LIMIT = 1000  # bytes a file


@pytest.fixture(scope="module")
def complete(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of drawn people with every step's output."""
    root = tmp_path_factory.mktemp("complete")
    shutil.copytree(small, root / "results")
    (root / "data").symlink_to(small.parent / "data")
    content = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    content["augment"]["splits"], content["ingest"]["layouts"] = {}, {"viper": "viper"}
    short = {"steps": 2, "validate_every": 1, "triplets": 20, "width": 1 / 16}
    content["pretrain"] |= short | {"source": "viper", "variants": ["mtdnet"]}
    content["train"] |= {"targets": [], "compared": {"targets": [], "variants": []}}
    (root / "params.yaml").write_text(yaml.safe_dump(content))
    for step in ("pretrain", "evaluate", "report"):
        done = begun(root, step)
        assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def root(complete: Path, tmp_path: Path) -> Path:
    """Return a copy of the project, its checkpoints swept."""
    shutil.copytree(complete, tmp_path / "project", symlinks=True)
    shutil.rmtree(tmp_path / "project" / "checkpoints")
    return tmp_path / "project"


def begun(
    root: Path, step: str, limit: int | None = None, before: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [*before, sys.executable, "-m", "mtdnet", step, *STEPS[step]],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(ROOT), "MTDNET_DEVICE": "cpu"},
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )


def contents(root: Path) -> dict[str, bytes]:
    files = [file for top in ("results", "models") for file in (root / top).rglob("*")]
    return {str(f.relative_to(root)): f.read_bytes() for f in files if f.is_file()}


def refused(done: subprocess.CompletedProcess[str], words: str) -> None:
    """Assert that a step ended in one line, which begins so."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert [line for line in done.stderr.splitlines() if line.startswith("error: ")] == [
        done.stderr.splitlines()[-1]
    ]
    assert done.stderr.splitlines()[-1].startswith(f"error: {words}"), done.stderr


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ("ingest", "results/ingest/"),
        ("augment", "results/augment/"),
        ("pretrain", "checkpoints/viper-0/mtdnet/"),
        ("evaluate", "results/evaluate/viper-0/"),
        ("report", "/"),  # a curve is drawn in the system's folder for drafts
    ],
)
def test_a_full_disk_is_one_line_and_leaves_the_former_output(
    step: str, place: str, root: Path
) -> None:
    before = contents(root)
    refused(begun(root, step, LIMIT), place)
    assert contents(root) == before


@pytest.mark.parametrize(
    ("step", "folder"),
    [
        ("ingest", "results/ingest"),
        ("augment", "results/augment"),
        ("pretrain", "models/viper-0"),
        ("pretrain", "."),
        ("evaluate", "results/evaluate/viper-0"),
        ("report", "results"),
    ],
)
def test_a_folder_that_may_not_be_written_is_one_line(step: str, folder: str, root: Path) -> None:
    before = contents(root)
    # Root may write anywhere, unless it gives that up.
    plain = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
    (root / folder).chmod(0o555)
    try:
        done = begun(root, step, before=plain)
    finally:
        (root / folder).chmod(0o755)
    refused(done, "checkpoints" if folder == "." else folder)
    assert "Permission denied" in done.stderr
    assert contents(root) == before


@pytest.mark.parametrize(
    ("step", "file"),
    [
        ("augment", "results/ingest/viper/images.parquet"),
        ("augment", "results/ingest/viper/counts.json"),
        ("pretrain", "results/ingest/viper/images.npy"),
        ("pretrain", "results/augment/viper-0/triplets.parquet"),
        ("pretrain", "results/augment/viper-0/split.parquet"),
        ("evaluate", "results/ingest/viper/images.npy"),
        ("evaluate", "results/augment/viper-0/counts.json"),
        ("evaluate", "models/viper-0/mtdnet/network.safetensors"),
        ("evaluate", "models/viper-0/mtdnet/training.json"),
        ("evaluate", "models/viper-0/mtdnet/history.csv"),
        ("report", "models/viper-0/mtdnet/history.csv"),
        ("report", "results/evaluate/viper-0/mtdnet/metrics.json"),
        ("report", "results/evaluate/viper-0/mtdnet/facts.json"),
    ],
)
def test_a_file_removed_or_cut_between_steps_is_one_line(
    step: str,
    file: str,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(root)
    monkeypatch.setenv("MTDNET_DEVICE", "cpu")
    own = root / file
    half = own.read_bytes()[: own.stat().st_size // 2]
    for change in (own.unlink, lambda: own.write_bytes(half)):
        change()
        before = contents(root)
        assert main([step, *STEPS[step]]) == 2
        (line,) = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
        assert line.startswith(f"error: {Path(file).parent}"), line
        assert contents(root) == before


@contextmanager
def slowed(root: Path, step: str, slow: str) -> Iterator[subprocess.Popen[str]]:
    """Start a step of which a function takes its time; yield it when it has come there."""
    code = f"""
import signal, sys, time
from pathlib import Path
from pkgutil import resolve_name
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
from mtdnet.__main__ import main
place, _, name = "{slow}".rpartition(".")
owner = resolve_name(place)
work = getattr(owner, name)
def slowly(*words):
    Path("begun").touch()
    while Path("held").exists():
        time.sleep(0.1)
    if not Path("freed").exists():
        time.sleep(0.2)
    return work(*words)
setattr(owner, name, slowly)
sys.exit(main({[step, *STEPS[step]]}))
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(ROOT), "MTDNET_DEVICE": "cpu"},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert until((root / "begun").exists)
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("step", "slow"),
    [
        ("ingest", "mtdnet.data.pack.resized"),
        ("pretrain", "mtdnet.training.trainer.Trainer.step"),
        ("pretrain", "mtdnet.training.validation.Validation.measure"),
        ("evaluate", "mtdnet.scoring.scorer.Scorer.tail"),
    ],
)
def test_asked_to_stop_a_step_ends(
    step: str, slow: str, number: signal.Signals, root: Path
) -> None:
    before = contents(root)
    with slowed(root, step, slow) as process:
        process.send_signal(number)
        _, told = process.communicate()
    assert process.returncode == 130, told
    assert "Traceback" not in told and "the same command" in told.splitlines()[-1]
    assert contents(root) == before
    done = begun(root, step)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("step", "slow", "words"),
    [
        ("pretrain", "mtdnet.training.train.Trainer.step", "another process does this training"),
        ("evaluate", "mtdnet.scoring.scorer.Scorer.tail", "another process does the evaluation"),
    ],
)
def test_of_two_at_once_the_second_is_refused_and_the_first_ends_as_alone(
    step: str, slow: str, words: str, root: Path
) -> None:
    before = timeless(root)
    (root / "held").touch()
    with slowed(root, step, slow) as first:
        second = begun(root, step)
        refused(second, "checkpoints")
        assert words in second.stderr
        (root / "held").rename(root / "freed")
        _, told = first.communicate()
    assert first.returncode == 0, told
    assert timeless(root) == before
    again = begun(root, step)
    assert again.returncode == 0, again.stderr
    assert timeless(root) == before


def timeless(root: Path) -> dict[str, bytes]:
    """Return what steps left, but for records of times; commits, as the code may change beside."""
    left = {k: v for k, v in contents(root).items() if not k.endswith("training.json")}
    return {k: re.sub(rb'"commit": "\w*\+?"', b"", v) for k, v in left.items()}
