"""Flow runs of processes that were killed: Prefect shows them as Running for ever."""

import socket
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.states import Crashed

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
    tag = place(root)
    with get_client(sync_client=True) as client:
        begun = FlowRunFilterState(type=FlowRunFilterStateType(any_=BEGUN))
        ours = FlowRunFilter(tags=FlowRunFilterTags(all_=[tag]), state=begun)
        for run in client.read_flow_runs(flow_run_filter=ours):
            if str(run.id) != own:
                _crash(client, run.id)
                yield f"flow run '{run.name}' was Running, but {MESSAGE}: set to Crashed"
        tags = {*client.read_flow_run(UUID(own)).tags, tag}
        client.update_flow_run(UUID(own), tags=sorted(tags))


def _crash(client: SyncPrefectClient, run: UUID) -> None:
    begun = TaskRunFilterState(type=TaskRunFilterStateType(any_=BEGUN))
    for each in client.read_task_runs(
        flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run])),
        task_run_filter=TaskRunFilter(state=begun),
    ):
        client.set_task_run_state(each.id, Crashed(message=MESSAGE), force=True)
    client.set_flow_run_state(run, Crashed(message=MESSAGE), force=True)
