"""The flow of one stage, as a worker runs it in its own clone."""

import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.context import TagsContext
from prefect.states import Failed
from pydantic import Field

from flows import clone, execute, graph, quiet, workspace
from flows.environment import ROOT
from mtdnet import params, steps
from mtdnet.errors import InputError
from tasks import dvc_lock

COMMIT: Any = Field(description="The commit that the worker's clone goes to, all its digits.")
STAGE: Any = Field(
    description="A stage of `dvc.yaml`, as `dvc repro` calls it: `train@viper-cross-0`."
)

quiet.failures()


@flow(name="stage", flow_run_name="{stage}", persist_result=False)
def run(commit: str = COMMIT, stage: str = STAGE) -> State[None]:
    """Bring one stage of ``dvc.yaml`` up to date at a commit, and push what it made.

    `reproduce` and `target` start it; the worker's pool says what it computes on.
    """
    where = f"{socket.gethostname()}:{ROOT}"
    say = get_run_logger().info
    say(
        f"runs in {where}, worker {os.environ.get('PREFECT__WORKER_NAME', 'unknown')}, "
        f"GPUs {os.environ.get('CUDA_VISIBLE_DEVICES', 'as the machine has them')}"
    )
    try:
        with workspace.held(ROOT, say), TagsContext(current_tags=set()):
            clone.take(ROOT, commit)
            for line in dvc_lock.heal(ROOT):
                say(line)
            state = _bring(ROOT, stage)
    except (InputError, OSError) as problem:
        return Failed(message=f"{stage}: {problem} (on {where})")
    if state.is_failed():
        return Failed(name=state.name, message=f"{state.message} (on {where})")
    return state


def _bring(root: Path, name: str) -> State[None]:
    """Run a stage as a worker does: a training goes on from what another worker has shared."""
    stage = next((each for each in graph.stages(root, look=False) if each.name == name), None)
    if stage is None:
        raise InputError(f"{root / 'dvc.yaml'}: no such stage")
    settings = params.load(root / "params.yaml")
    every = steps.trained(settings) + steps.trained_jointly(settings)
    networks = [each for each in every if steps.model(*each).as_posix() in stage.outs]
    if stage.gpu:
        clone.tracking()
    if networks:
        from tasks import checkpoints  # MLflow takes seconds

        os.environ.setdefault(checkpoints.SETTING, checkpoints.SECONDS)
        for line in checkpoints.restore(root, networks[0]):
            get_run_logger().info(line)
    state = execute.walk(root, [replace(stage, fresh=False)], "worker")
    if networks and state.is_completed():
        checkpoints.sweep(root, networks)
    return state
