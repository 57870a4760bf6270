"""What keeps a worker's clone from its work is one line that names it."""

import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
from dvc.repo import Repo

from flows import clone, environment
from mtdnet.errors import InputError


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Make a clone, with a remote, of a project of one file."""
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "-q")
    with Repo.init(str(origin)):
        (origin / "code.py").write_text("first\n")
    git(origin, "add", ".")
    git(origin, "commit", "-qm", "Begin")
    git(tmp_path, "clone", "-q", "origin", "clone")
    (tmp_path / "remote").mkdir()
    config = tmp_path / "clone" / ".dvc" / "config.local"
    config.write_text("[core]\n    remote = store\n['remote \"store\"']\n    url = ../../remote\n")
    return tmp_path / "clone"


def test_it_comes_to_a_commit_that_it_has_to_fetch_and_keeps_its_lock(root: Path) -> None:
    first = clone.commit(root)
    (root / "dvc.lock").write_text("of this clone\n")
    origin = root.parent / "origin"
    (origin / "code.py").write_text("second\n")
    (origin / "dvc.lock").write_text("of the commit\n")
    git(origin, "add", ".")
    git(origin, "commit", "-qm", "Go on")
    clone.take(root, git(origin, "rev-parse", "HEAD"))
    assert (root / "code.py").read_text() == "second\n"
    (root / "dvc.lock").write_text("of this clone\n")
    clone.take(root, first)
    assert (root / "code.py").read_text() == "first\n"


def test_uncommitted_changes_are_one_line(root: Path) -> None:
    (root / "code.py").write_text("changed\n")
    (root / "new.py").write_text("")
    with pytest.raises(InputError, match=r"clone: uncommitted changes \(code\.py and 1 more\)"):
        clone.take(root, git(root, "rev-parse", "HEAD"))


def test_a_commit_that_nobody_pushed_is_one_line(root: Path) -> None:
    with pytest.raises(InputError, match="push that commit to where this clone fetches") as caught:
        clone.take(root, "0123456789abcdef0123456789abcdef01234567")
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_no_checkout_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a git repository"):
        clone.commit(tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("pytest==1.0", f"pytest==1.0 is wanted, {version('pytest')} is here; `make install`"),
        ("no-such-package==1.0", "no-such-package==1.0 is wanted, none is here"),
        (f"pytest=={version('pytest')}", ""),
        ("nvidia-anything==1.0", ""),
        ("pytest==1.0; python_version < '3.11'", ""),
        ("# a comment", ""),
    ],
)
def test_packages_other_than_the_locks_are_one_line(line: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text(f"{line}\n")
    if said:
        with pytest.raises(InputError, match=r"requirements\.lock: ") as caught:
            clone.packages(tmp_path)
        assert said in str(caught.value)
    else:
        clone.packages(tmp_path)


def test_a_remote_that_is_not_there_is_one_line(root: Path) -> None:
    clone.remote(root)
    (root.parent / "remote").rmdir()
    with pytest.raises(InputError, match="remote is not there; mount it, or make it"):
        clone.remote(root)
    config = root / ".dvc" / "config.local"
    config.write_text(config.read_text().replace("../../remote", "http://127.0.0.1:9/remote"))
    with pytest.raises(InputError, match="one on HTTP has no run cache"):
        clone.remote(root)
    config.unlink()
    with pytest.raises(InputError, match=r"DVC's remote: .*no remote specified") as caught:
        clone.remote(root)
    assert "\n" not in str(caught.value)


def test_no_tracking_server_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(InputError, match="MLFLOW_TRACKING_URI: set it"):
        clone.tracking()


@pytest.mark.parametrize(
    ("way", "url", "said"),
    [
        ("elsewhere", "http://127.0.0.1:9/api", "'here' or 'workers' is wanted"),
        ("workers", "", "set PREFECT_API_URL"),
    ],
)
def test_a_wrong_setting_is_one_line(
    way: str, url: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTDNET_STAGES", way)
    monkeypatch.setenv("PREFECT_API_URL", url)
    with pytest.raises(InputError, match=said):
        environment.on_workers()


def test_stages_run_here_unless_somebody_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MTDNET_STAGES", raising=False)
    assert not environment.on_workers()
    monkeypatch.setenv("MTDNET_STAGES", "workers")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    assert environment.on_workers()
