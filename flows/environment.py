"""The project's environment: state below its folder, nothing sent anywhere, nobody let in.

Prefect reads it when it is imported, so it's set before that. What the user has set stays.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from mtdnet.errors import InputError

ROOT = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.setdefault("PREFECT_HOME", str(ROOT / ".prefect")))
PASSWORD = HOME / "password"
SITE = ROOT / ".dvc" / "tmp" / "site"
LOOPBACK = ("127.0.0.1", "localhost", "::1")

DEFAULTS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # any page in a browser may write to a server on loopback
    "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": "http://127.0.0.1:4200,http://localhost:4200",
    "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
    # a dead worker is offline after three heartbeats, and up to 15 seconds more
    "PREFECT_WORKER_HEARTBEAT_SECONDS": "10",
    "PREFECT_WORKER_QUERY_SECONDS": "3",
    "DO_NOT_TRACK": "true",
    "DVC_NO_ANALYTICS": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def password() -> str:
    """Return the password of the project's Prefect server, made when there is none."""
    if not PASSWORD.is_file():
        HOME.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=HOME)  # mode 0600
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(f"mtdnet:{secrets.token_urlsafe(24)}\n")
        with suppress(FileExistsError):  # the first of two to come made it
            os.link(draft, PASSWORD)
        Path(draft).unlink()
    return PASSWORD.read_text(encoding="utf-8").strip()


def site() -> str:
    """Return the folder of DVC's own caches, made when there is none; its owner alone may enter.

    DVC unpickles what lies there, and by default that is /var/tmp/dvc, where every account of the
    machine may write.
    """
    SITE.mkdir(mode=0o700, parents=True, exist_ok=True)
    return str(SITE)


def on_workers() -> bool:
    """Tell where stages run, by MTDNET_STAGES: "here", in this folder, or on "workers"."""
    way = os.environ.get("MTDNET_STAGES") or "here"
    if way not in ("here", "workers"):
        raise InputError(f"MTDNET_STAGES={way}: 'here' or 'workers' is wanted")
    if way == "workers" and not os.environ.get("PREFECT_API_URL"):
        raise InputError("MTDNET_STAGES=workers: set PREFECT_API_URL to the server that they ask")
    return way == "workers"


def _set() -> None:
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    if not os.environ.get("DVC_SITE_CACHE_DIR"):
        os.environ["DVC_SITE_CACHE_DIR"] = site()
    own = os.environ.setdefault("PREFECT_SERVER_API_AUTH_STRING", password())
    url = os.environ.get("PREFECT_API_URL")
    if not url or urlsplit(url).hostname in LOOPBACK:  # to nobody else's server
        os.environ.setdefault("PREFECT_API_AUTH_STRING", own)


_set()
