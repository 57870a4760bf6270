"""``mtdnet index``: a large gallery, prepared for ``mtdnet rank``."""

from pathlib import Path

from mtdnet.commands.model import named, note_asked
from mtdnet.commands.output import Answer
from mtdnet.inference.model_file import fetched


def index(
    parameters: Path, *, gallery: Path, out: Path, features_only: bool, model: str | None
) -> Answer:
    """Answer with the size of the index that was built at ``out``."""
    chosen = named(model, parameters)
    from mtdnet.inference.index_build import build  # torch takes seconds

    with fetched(chosen) as network:
        note_asked(chosen)
        facts = build(gallery, out, network, not features_only)
    size, images = facts.bytes(facts.done), facts.done - len(facts.left_out)
    return Answer(
        f"{out}: {images:,} images, {size / 1e9:.3f} GB",
        {
            "model": chosen,
            "index": str(out),
            "images": images,
            "bytes": size,
            "halves": facts.halves > 0,
        },
    )
