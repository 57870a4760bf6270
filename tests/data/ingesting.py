"""Ingests and archives that tests make."""

import shutil
from pathlib import Path
from typing import Any

from mtdnet.data.ingest import ingest

FORMATS = {".zip": "zip", ".tar": "tar", ".tar.gz": "gztar", ".tgz": "gztar"}


def run(source: Path, layout: str = "viper", **kwargs: Any) -> dict[str, Any]:
    """Ingest ``source`` into the folder ``out`` beside it."""
    return ingest(
        source=source, benchmark="mine", layout=layout, out=source.parent / "out", **kwargs
    )


def archive(folder: Path, suffix: str) -> Path:
    """Replace a folder by an archive of it."""
    made = shutil.make_archive(str(folder), FORMATS[suffix], root_dir=folder)
    shutil.rmtree(folder)
    return Path(made).replace(folder.with_name(f"VIPeR.v1.0{suffix}"))
