"""The commands of flows: exit status and last lines."""

from pathlib import Path

import pytest
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import command

pytestmark = pytest.mark.usefixtures("prefect_server")


@flow(persist_result=False)
def ending(how: str) -> State[None]:
    if how == "stop":
        raise KeyboardInterrupt
    return Completed(message="1 Ran") if how == "well" else Failed(message="one: row 3 is short")


@pytest.mark.parametrize(
    ("how", "status", "out", "err"),
    [
        ("well", 0, "ending: 1 Ran\n", ""),
        ("badly", 1, "", "error: one: row 3 is short\n"),
        ("stop", 130, "", "stopped; the same command continues\n"),
    ],
)
def test_main(
    how: str, status: int, out: str, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(ending, {"how": how}) == status
    printed = capsys.readouterr()
    assert printed.out.endswith(out)
    assert printed.err.endswith(err)


def test_environment_keeps_state_in_the_project_and_sends_nothing() -> None:
    from flows.environment import DEFAULTS, ROOT

    assert Path(DEFAULTS["PREFECT_HOME"]) == ROOT / ".prefect"
    assert ROOT.is_absolute()
    assert DEFAULTS["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert DEFAULTS["DO_NOT_TRACK"] == "true"
