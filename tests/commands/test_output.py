"""What reaches standard output, and what becomes of a reader who stops reading."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mtdnet.commands.output import Answer, answer
from mtdnet.errors import InputError

WORDS = [["--help"], ["--print-completion", "bash"], ["rank", "--top", "x", "--json"]]


def mtdnet(words: list[str], stdout: int) -> subprocess.CompletedProcess[str]:
    env = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "mtdnet", *words]
    return subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, env=env, text=True, check=False
    )


@pytest.mark.parametrize("words", WORDS)
def test_a_reader_who_has_seen_enough_is_no_mistake(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = mtdnet(words, writer)
    finally:
        os.close(writer)
    bad = "--json" in words
    assert (done.returncode, done.stderr.count("\n")) == ((2, 1) if bad else (0, 0)), done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("words", WORDS)
def test_a_full_disk_is_one_line(words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = mtdnet(words, full.fileno())
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr


def test_a_json_document_stands_alone(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> Answer:
        print("beside")
        return Answer("text", {"found": 1})

    answer(work, as_json=True)
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"found": 1} and printed.err == "beside\n"
    answer(work, as_json=False)
    assert capsys.readouterr().out == "beside\ntext\n"


def test_a_mistake_is_a_json_document_too(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> Answer:
        raise InputError("a.jpg: gone")

    with pytest.raises(InputError):
        answer(work, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"error": "a.jpg: gone"}


def test_a_name_that_is_no_text_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    answer(lambda: Answer("a\udcff.jpg", {}), as_json=False)
    assert capsys.readouterr().out == "a\\udcff.jpg\n"
