"""What a stage's end and its lines are made into."""

from pathlib import Path

import pytest

from tasks import stage
from tasks.bar import Bar
from tasks.tally import Tally

CRASH = [
    "Running stage 'train':",
    "Traceback (most recent call last):",
    "RuntimeError: out of memory",
    "ERROR: failed to reproduce 'train': failed to run: python -m tasks.train, exited with 1",
]
BAD = [
    "error: data/viper/cam_a: 3 images, expected 632; fetch it again",
    "ERROR: failed to reproduce 'ingest': failed to run: python -m tasks.ingest, exited with 2",
]


@pytest.mark.parametrize(
    ("status", "lines", "name", "cause"),
    [
        (255, CRASH, "Failed", "RuntimeError: out of memory (exit status 1)"),
        (255, BAD, "BadInput", f"{BAD[0].removeprefix('error: ')} (exit status 2)"),
        (-9, ["Running stage 'train':"], "Failed", "DVC ended with status -9"),
        (
            255,
            ["ERROR: failed to reproduce 'a': Unable to acquire lock."],
            "Failed",
            "failed to reproduce 'a': Unable to acquire lock.",
        ),
        (
            255,
            ["ERROR: unexpected error - [Errno 28] No space left on device: '/data/project/x'"],
            "BadInput",
            "unexpected error - [Errno 28] No space left on device: 'x'",
        ),
        (
            255,
            ['ERROR: unexpected error - Could not connect to the endpoint URL: "http://s3:9/b"'],
            "Failed",
            'unexpected error - Could not connect to the endpoint URL: "http://s3:9/b"',
        ),
        (
            255,
            ["ERROR: failed to reproduce 'a': dependency 'b' does not exist"],
            "BadInput",
            "failed to reproduce 'a': dependency 'b' does not exist",
        ),
        (
            255,
            ["ERROR: failed to reproduce 'a': dependency 'data/viper' does not exist"],
            "BadInput",
            "data/viper is missing; put it there; the drawn one: "
            "`dvc get . data/viper --rev HEAD --remote demo -o data/viper`",
        ),
        (
            255,
            ["ERROR: failed to reproduce 'a': [Errno 2] No such file: '/data/project/models'"],
            "BadInput",
            "failed to reproduce 'a': [Errno 2] No such file: 'models'",
        ),
    ],
)
def test_failure_is_named_and_told_in_one_line(
    status: int, lines: list[str], name: str, cause: str
) -> None:
    assert stage._failure(status, lines, Path("/data/project")) == (name, cause)


def test_bars_are_thinned_and_words_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.0, 4.0, 11.0, 11.0, 12.0])
    tally = Tally(["train@viper"])
    monkeypatch.setattr("tasks.stage.time.monotonic", lambda: next(clock, 12.0))
    bars = [f"viper:  {done}%|███ | 1/9 [00:01<00:09, 5 triplets/s]" for done in (1, 2, 50)]
    full = "viper: 100%|█████| 9/9 [00:10<00:00, 5 triplets/s]"
    lines = [bars[0], "", "word", bars[1], bars[2], full, full]
    said = "viper: 50 %, 1/9, 00:09 left, 5 triplets/s"
    assert list(stage._words(lines, "train@viper", tally)) == ["word", said]
    assert list(stage._words(lines[:-2], "train@viper", tally)) == ["word"]
    assert tally.rows() == [("train@viper", "viper, 50 %", "00:09")]
    tally.live = True
    clock = iter([0.0, 20.0])
    assert list(stage._words(lines, "train@viper", tally)) == ["word"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "mtdnet:  38%|███▊  | 137k/360k [30:12<51:37, 72.1 triplets/s, triplet 0.05, rank-1 -]",
            "mtdnet: 38 %, 137k/360k, 51:37 left, 72.1 triplets/s, triplet 0.05, rank-1 -",
        ),
        (
            "score: 100%|██████| 32.0k/32.0k [00:36<00:00, 866 passes/s]",
            "score: 100 %, 32.0k/32.0k, done, 866 passes/s",
        ),
        ("  0%|          | 0/1 [00:00<?, ?it/s]", "0 %, 0/1, ? left, ?it/s"),
        ("pack: 128image [00:30, 97.3image/s]", None),
        ("it is 100% sure | [that] this is no bar", None),
    ],
)
def test_a_bar_is_read(line: str, said: str | None) -> None:
    bar = Bar.read(line)
    assert (bar and bar.line()) == said


def test_a_stage_inherits_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "a:b")
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "a:b")
    assert "a:b" not in stage.environment().values()


def test_who_holds_what_is_read_from_dvc() -> None:
    said = "ERROR: failed to reproduce 'a': '/p/one' is busy, it is being blocked by:\n"
    said += "  (PID 123): dvc repro -s one\n\nIf there are no processes with such PIDs"
    assert stage.BLOCKER.findall(said) == [("123", "dvc repro -s one")]


def test_a_log_says_what_a_slot_gives() -> None:
    assert stage._told({"CUDA_VISIBLE_DEVICES": "7"}) == ", GPU 7"
    assert stage._told({"OMP_NUM_THREADS": "4"}) == ", threads: 4"
    assert stage._told({}) == ""
