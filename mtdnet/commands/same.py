"""``mtdnet same``: the probability that two images show one person."""

from pathlib import Path

from mtdnet.commands.model import named, note_asked
from mtdnet.commands.output import Answer, bar
from mtdnet.data.csv_rows import is_file, rows
from mtdnet.errors import InputError
from mtdnet.inference.model_file import fetched

COLUMNS = ("left", "right")


def same(
    parameters: Path,
    *,
    left: Path | None,
    right: Path | None,
    left_also: list[Path],
    right_also: list[Path],
    pairs: Path | None,
    model: str | None,
) -> Answer:
    """Answer with the probability of each pair, of which there is one, or a CSV of ``pairs``.

    ``left_also``, ``right_also``: further images of the left and of the right person.
    """
    given = [image for image in (left, right) if image is not None]
    if len(given) != (0 if pairs else 2):
        raise InputError("name two images, or --pairs FILE.csv with the columns left and right")
    if pairs and (left_also or right_also):
        raise InputError("--left-also and --right-also go with two images, not with --pairs")
    files = _pairs(pairs) if pairs else [(given[0], given[1])]
    lefts = [[pair[0], *left_also] for pair in files]
    rights = [[pair[1], *right_also] for pair in files]

    chosen = named(model, parameters)
    from mtdnet.inference.verifier import Verifier  # torch takes seconds

    with fetched(chosen) as network:
        verifier = Verifier(network)
    note_asked(chosen, calibrated=verifier.calibrated or verifier.measure == "distance")
    with bar(len(files), "pairs") as progress:
        probability = verifier.probability(lefts, rights, progress=progress.update).tolist()
    rows = [
        {"left": str(a), "right": str(b), "probability": p}
        for p, (a, b) in zip(probability, files, strict=True)
    ]
    return Answer(
        "\n".join(f"{row['probability']:.2f}  {row['left']}  {row['right']}" for row in rows),
        {"model": chosen, "calibrated": verifier.calibrated, "pairs": rows},
    )


def _pairs(table: Path) -> list[tuple[Path, Path]]:
    """Return the pairs of a CSV; InputError names the row, counted as a spreadsheet does."""
    pairs = []
    for number, row in rows(table, COLUMNS):
        for side, image in zip(COLUMNS, row, strict=True):
            if not image or not is_file(table.parent / image):
                raise InputError(f"{table}: row {number}, {side}: no image file '{image}'")
        pairs.append((table.parent / row[0], table.parent / row[1]))
    if not pairs:
        raise InputError(f"{table}: no rows; list one pair a row")
    return pairs
