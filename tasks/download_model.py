"""A registered network as a file, for ``mtdnet --model models:/...``."""

import re
from pathlib import Path

from mlflow.artifacts import download_artifacts
from mlflow.exceptions import MlflowException

from mtdnet.errors import InputError
from tasks import store

NAMED = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>\d+))")


def network(uri: str, room: Path) -> Path:
    """Return the network's file of a registered version, which is copied to the folder ``room``.

    ``uri``: ``models:/NAME@ALIAS`` or ``models:/NAME/VERSION``, in the project's own store or that
    of ``MLFLOW_TRACKING_URI``. Raises InputError when there is no such version.
    """
    named = NAMED.fullmatch(uri)
    if not named:
        raise InputError(f"{uri}: expected models:/NAME@ALIAS or models:/NAME/VERSION")
    where = store.location()
    if where == store.OWN and not (store.FOLDER / "mlflow.db").is_file():
        raise InputError(
            f"{uri}: {store.FOLDER} has no registry; run a flow, or set MLFLOW_TRACKING_URI"
        )
    client, version = store.client(), named["version"]
    try:
        # `download_artifacts` of a models:/ address asks the registry of MLflow's global state
        if version is None:
            version = client.get_model_version_by_alias(named["name"], named["alias"]).version
        source = client.get_model_version_download_uri(named["name"], version)
        file = f"{source}/artifacts/network.safetensors"
        return Path(download_artifacts(file, dst_path=str(room), tracking_uri=where))
    except (MlflowException, OSError) as problem:
        shown = store.without_secrets(where)
        raise InputError(f"{uri}: not in {shown} ({store.reason(problem)})") from None
