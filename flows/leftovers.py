"""Flow runs of processes that were killed: Prefect shows them as Running for ever."""

import socket
from collections.abc import Iterator
from pathlib import Path

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.states import Crashed

from flows import labels

BEGUN = [StateType.PENDING, StateType.RUNNING]
MESSAGE = "its process was killed"


def place(root: Path) -> str:
    """Return the tag of the flow runs of a project's folder on this machine."""
    return f"{socket.gethostname()}:{root}"


def settle(root: Path, own: str) -> Iterator[str]:
    """Set flow runs of this folder that still show as running to Crashed; yield a line for each.

    For the one that holds the folder (``workspace.held``), by its own flow run: all others of the
    folder are dead. Its run takes the folder's tag here.
    """
    dead: State[None] = Crashed(message=MESSAGE)
    tag = place(root)
    tagged = FlowRunFilterTags(all_=[tag])
    with get_client(sync_client=True) as client:
        for task in client.read_task_runs(  # of a flow run that ended, too: its last word was lost
            flow_run_filter=FlowRunFilter(tags=tagged),
            task_run_filter=TaskRunFilter(
                state=TaskRunFilterState(type=TaskRunFilterStateType(any_=BEGUN))
            ),
        ):
            if str(task.flow_run_id) != own:
                client.set_task_run_state(task.id, dead, force=True)
        begun = FlowRunFilterState(type=FlowRunFilterStateType(any_=BEGUN))
        for run in client.read_flow_runs(flow_run_filter=FlowRunFilter(tags=tagged, state=begun)):
            if str(run.id) != own:
                client.set_flow_run_state(run.id, dead, force=True)
                yield f"flow run '{run.name}' was Running, but {MESSAGE}: set to Crashed"
    labels.add([tag])
