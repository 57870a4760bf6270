"""``mtdnet export``: a network's parts as ONNX files."""

from pathlib import Path

from mtdnet.commands.model import named, note_asked
from mtdnet.commands.output import Answer
from mtdnet.inference.model_file import fetched


def export(parameters: Path, *, onnx: Path, model: str | None) -> Answer:
    """Answer with the files that were written to the folder ``onnx``."""
    chosen = named(model, parameters)
    from mtdnet.inference.onnx_export import export as write  # torch takes seconds

    with fetched(chosen) as network:
        note_asked(chosen)
        files = [str(onnx / name) for name in write(network, onnx)]
    return Answer("\n".join(files), {"model": chosen, "files": files})
