"""Prefect's server: the one that the user names, else one of this process alone."""

import logging
import os
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import NoReturn

import httpx

from flows.environment import ROOT
from mtdnet.errors import InputError, reason
from mtdnet.interrupt import Stop
from tasks import process_group
from tasks.process_group import Group

PAGE = "http://127.0.0.1:4200"  # of `make prefect`, which shows the runs of embedded servers too
TIMEOUT_SECONDS = 5.0
POLL_SECONDS = 0.1
_ending = threading.Lock()
# what Prefect itself sets for a server that serves one flow
EMBEDDED = {
    "PREFECT_UI_ENABLED": "false",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
}


@contextmanager
def reached() -> Iterator[None]:
    """Let Prefect in the block use a server that answers.

    The one that the user has set, or one of this process's own, which ends with it, however that
    ends; when its own is killed, the process ends too (``end``). InputError in one line when it
    doesn't answer or doesn't take the password.
    """
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker
    from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL, temporary_settings

    if url := PREFECT_API_URL.value():
        check(url)
        yield
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "uvicorn", "--factory", "prefect.server.api.server:create_app"]
    command += ["--host", "127.0.0.1", "--port", port, "--log-level", "error", "--lifespan", "on"]
    with Group(command, folder=ROOT, env=os.environ | EMBEDDED) as group:
        said: deque[str] = deque(maxlen=20)
        reader = threading.Thread(target=lambda: said.extend(group), daemon=True)
        reader.start()
        import_module("flows.pipeline")  # takes as long as a server, which starts meanwhile
        url = f"http://127.0.0.1:{port}/api"
        if not _answers(url, reader):
            last = next((line for line in reversed(said) if line), "no answer in time")
            raise InputError(f"Prefect's embedded server did not start: {last}")
        closing = threading.Event()
        threading.Thread(target=_watch, args=(reader, closing), daemon=True).start()
        try:
            with temporary_settings({PREFECT_API_URL: url, PREFECT_UI_URL: PAGE}):
                try:
                    yield
                finally:  # of a stopped flow, too: else Prefect tries for minutes when it exits
                    with Stop():  # and of who asks it to stop again
                        APILogWorker.drain_all(timeout=TIMEOUT_SECONDS)
                        EventsWorker.drain_all(timeout=TIMEOUT_SECONDS)
        finally:
            closing.set()
            group.ask()
            reader.join(TIMEOUT_SECONDS)  # it writes what it was sent last


def _watch(reader: threading.Thread, closing: threading.Event) -> None:
    """End the process when its server's output ends before its time."""
    reader.join()
    if not closing.is_set():
        end("it was killed")


def end(reason: str) -> NoReturn:
    """End a process whose server is gone: one line, stages keep their state, status 1.

    At once and for good: else Prefect would try again for minutes, with tracebacks, before it
    gives up and before it lets the process exit.
    """
    _ending.acquire()  # by the first thread that notices; others wait for the end here
    logging.disable()
    logging.raiseExceptions = False
    print(
        f"error: Prefect's server is gone ({reason}); the same command continues",
        file=sys.stderr,
        flush=True,
    )
    process_group.stop_all()
    os._exit(1)


def _answers(url: str, reader: threading.Thread) -> bool:
    """Wait until a server answers; False when its output ends before, or it takes too long."""
    end = time.monotonic() + float(os.environ["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"])
    while reader.is_alive() and time.monotonic() < end:
        try:
            httpx.get(f"{url}/health", timeout=TIMEOUT_SECONDS).raise_for_status()
            return True
        except httpx.HTTPError:
            time.sleep(POLL_SECONDS)
    return False


def check(url: str) -> None:
    """Raise InputError when a server doesn't answer as Prefect's, or not to our password."""
    from prefect.client.orchestration import get_client

    advice = "start it (`make prefect`), or unset PREFECT_API_URL"
    try:
        with get_client(sync_client=True, httpx_settings={"timeout": TIMEOUT_SECONDS}) as client:
            client.api_version()
    except httpx.HTTPStatusError as problem:
        if problem.response.status_code != httpx.codes.UNAUTHORIZED:
            raise InputError(
                f"Prefect's server {url} answers {problem.response.status_code}; {advice}"
            ) from None
        raise InputError(
            f"Prefect's server {url} refuses the password; set PREFECT_API_AUTH_STRING to its own"
        ) from None
    except Exception as problem:
        raise InputError(
            f"Prefect's server {url} doesn't answer ({reason(problem)}); {advice}"
        ) from None
