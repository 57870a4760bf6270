import subprocess
from pathlib import Path

import pytest

from mtdnet.__main__ import main

# What a shell offers after these words: the function that shtab defines fills COMPREPLY.
ASK = """
source /dev/stdin
COMP_WORDS=({words}) COMP_CWORD={at} COMP_TYPE=9
$(complete -p mtdnet | sed -n 's/.*-F \\([^ ]*\\).*/\\1/p') mtdnet "" ""
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["--print-completion", shell])
    assert ended.value.code in (0, None)
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_each_shell_gets_its_own(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = script(shell, capsys)
    assert all(word in text for word in ("same", "rank", "evaluate", "report"))


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("mtdnet r", {"rank", "report"}),
        ("mtdnet rank --to", {"--top"}),
        ("mtdnet same q", {"query.jpg"}),
        ("mtdnet rank query.jpg ga", {"gallery"}),
        ("mtdnet rank --model qu", {"query.jpg"}),
    ],
)
def test_bash_completes(
    words: str, offered: set[str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "gallery").mkdir()
    (tmp_path / "query.jpg").touch()
    asked = ASK.format(words=words, at=len(words.split()) - 1)
    done = subprocess.run(
        ["bash", "-c", asked],
        input=script("bash", capsys),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stdout.split()) == offered
