"""Slots hold across threads and processes, and are given back."""

import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from tasks import slots

NEVER = threading.Event()
HOLDER = """
import sys, threading
from pathlib import Path
from tasks import slots
slots.gpus = lambda: ("0",)
with slots.slot(Path(sys.argv[1]), gpu=True, stop=threading.Event()):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_each_gpu_is_given_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "gpus", lambda: ("0", "MIG-1"))
    stopped = threading.Event()
    with (
        slots.slot(tmp_path, gpu=True, stop=NEVER) as first,
        slots.slot(tmp_path, gpu=True, stop=NEVER) as second,
    ):
        assert [first, second] == [
            {"CUDA_VISIBLE_DEVICES": "0"},
            {"CUDA_VISIBLE_DEVICES": "MIG-1"},
        ]
        timer = threading.Timer(0.5, stopped.set)
        timer.start()
        with slots.slot(tmp_path, gpu=True, stop=stopped) as third:
            assert third == {}
            assert stopped.is_set()  # it waited until it was told to stop


@pytest.mark.parametrize(("cores", "threads"), [(1, ["1"]), (2, ["1", "1"]), (9, ["4", "4"])])
def test_processor_is_shared_by_two_where_there_is_no_gpu(
    cores: int, threads: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "gpus", lambda: ())
    monkeypatch.setattr(slots, "cores", lambda: cores)
    stopped = threading.Event()
    with ExitStack() as held:
        given = [held.enter_context(slots.slot(tmp_path, gpu=True, stop=NEVER)) for _ in threads]
        assert given == [{"OMP_NUM_THREADS": each} for each in threads]
        threading.Timer(0.3, stopped.set).start()
        assert held.enter_context(slots.slot(tmp_path, gpu=True, stop=stopped)) == {}


def test_all_cores_are_for_one_that_has_none_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "gpus", lambda: ())
    monkeypatch.setattr(slots, "cores", lambda: 4)
    stopped = threading.Event()
    with slots.slot(tmp_path, gpu=True, alone=True, stop=NEVER) as env:
        assert env == {"OMP_NUM_THREADS": "4"}
        threading.Timer(0.3, stopped.set).start()
        with slots.slot(tmp_path, gpu=True, stop=stopped) as other:
            assert other == {}
    with slots.slot(tmp_path, gpu=True, stop=NEVER) as env:
        assert env == {"OMP_NUM_THREADS": "2"}
        stopped.clear()
        threading.Timer(0.3, stopped.set).start()
        with slots.slot(tmp_path, gpu=True, alone=True, stop=stopped) as other:
            assert other == {}  # and holds on to no half meanwhile
            with slots.slot(tmp_path, gpu=True, stop=NEVER) as second:
                assert second == {"OMP_NUM_THREADS": "2"}


def test_cores_are_counted(tmp_path: Path) -> None:
    assert slots.cores() == len(os.sched_getaffinity(0))
    with slots.slot(tmp_path, gpu=False, stop=NEVER) as env:
        assert env == {}
        assert [path.name for path in (tmp_path / ".locks").iterdir()] == ["core-0"]


def test_killed_holder_gives_its_slot_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "gpus", lambda: ("0",))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    stopped = threading.Event()
    threading.Timer(0.3, stopped.set).start()
    with slots.slot(tmp_path, gpu=True, stop=stopped) as env:
        assert env == {}  # not while the other process lives
    holder.kill()
    holder.communicate()
    with slots.slot(tmp_path, gpu=True, stop=NEVER) as env:
        assert env == {"CUDA_VISIBLE_DEVICES": "0"}


@pytest.mark.parametrize(
    ("visible", "count", "found"),
    [(None, 2, ("0", "1")), ("2, 3", 2, ("2", "3")), ("", 0, ()), ("-1", 0, ()), (None, 0, ())],
)
def test_gpus_are_those_that_are_visible(
    visible: str | None, count: int, found: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    monkeypatch.setattr("torch.cuda.device_count", lambda: count)
    slots.gpus.cache_clear()
    try:
        assert slots.gpus() == found
    finally:
        slots.gpus.cache_clear()
