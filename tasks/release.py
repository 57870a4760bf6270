"""The network for real people: benchmarks of a folder as one table, the steps, a small file.

``python -m tasks.release DATA``: DATA has a folder for each benchmark, named as its layout is.
"""

import argparse
import csv
import os
import shutil
import sys
from contextlib import chdir
from pathlib import Path

from mtdnet import params, steps
from mtdnet.data.layouts import LAYOUTS
from mtdnet.data.pixels import read_files
from mtdnet.data.scan import Listing
from mtdnet.errors import InputError, status
from mtdnet.files import whole
from mtdnet.networks.header import FILE
from mtdnet.params import Params
from mtdnet.protocol.persons import PUBLISHED
from tasks import release_card
from tasks.command import ROOT
from tasks.release_remote import CARD, FOLDER

RECIPE = Path("configs/release.yaml")
PEOPLE = "people"  # the table's benchmark; persons and cameras are named BENCHMARK-ID there
WORK = ROOT / ".release"  # data, results and models of the recipe: a stopped one goes on there
LIMIT = 20_000_000  # bytes


def make(data: Path, settings: Params, target: Path) -> Path:
    """Make the network in the current folder; return its file in ``target``, beside its card.

    One training on the persons of all benchmarks. The network that it keeps, rounded to float16, is
    what the test persons are scored by. Given again, it goes on where it was. Raises InputError
    when the folder has no benchmark, the steps do, or the file is larger than ``LIMIT``.
    """
    gather(data, steps.DATA / PEOPLE)
    network = (PEOPLE, 0, "mtdnet")
    steps.ingest(settings, PEOPLE)
    steps.augment(settings, PEOPLE, 0)
    steps.pretrain(settings, "mtdnet", 0)
    file = steps.model(*network) / FILE
    from mtdnet.networks import serialization  # torch takes seconds

    stored = serialization.load(file)
    serialization.save(stored.network, file, stored.temperature, half=True)
    if (size := file.stat().st_size) > LIMIT:
        raise InputError(f"{file}: {size:,} bytes, more than {LIMIT:,}; lower pretrain.width")
    steps.evaluate(settings, PEOPLE, "mtdnet", 0)
    card = release_card.write(network)
    with whole(target / FILE) as draft:
        shutil.copy(file, draft)
    (target / CARD).write_text(card, encoding="utf-8")
    return target / FILE


def gather(data: Path, target: Path) -> None:
    """Write a folder of the layout ``table`` on the images of all benchmarks of a folder.

    Links to them stand beside the table. Raises InputError when a benchmark has another layout than
    its folder's name says, or is no folder of image files, or when there is none.
    """
    rows, links = [], {}
    for name in filter(lambda name: (data / name).exists(), sorted(PUBLISHED)):
        listing = _listing(data / name, name)
        links[name] = listing.home.resolve()
        rows += [
            (f"{name}/{e.path}", f"{name}-{e.person}", f"{name}-{e.camera}" if e.camera else "")
            for e in listing.entries
        ]
    if not rows:
        raise InputError(f"{data}: no benchmark; expected a folder {', '.join(sorted(PUBLISHED))}")
    with whole(target) as draft:
        draft.mkdir()
        for name, home in links.items():
            (draft / name).symlink_to(home, target_is_directory=True)
        with (draft / f"{PEOPLE}.csv").open("w", newline="", encoding="utf-8") as stream:
            csv.writer(stream).writerows([("path", "person_id", "camera_id"), *rows])


def _listing(place: Path, layout: str) -> Listing:
    listing = LAYOUTS[layout].find(place, "labeled")
    if listing is None or not listing.entries or listing.read is not read_files:
        raise InputError(
            f"{place}: expected image files, {LAYOUTS[layout].LOOKED_FOR}; unpack an archive"
        )
    return listing


def main() -> int:
    """Read the command line and make the network; return 0, 2 for bad input, 130 when stopped."""
    parser = argparse.ArgumentParser(prog="python -m tasks.release", description=__doc__)
    parser.add_argument("data", metavar="DATA", type=Path, help="the folder of benchmarks")
    parser.add_argument("--params", type=Path, default=ROOT / RECIPE, help=f"({RECIPE})")
    words = parser.parse_args()

    def run() -> None:
        settings = params.load(words.params)
        if weights := settings.pretrain.weights:
            update = {"weights": str(ROOT / weights)}
            section = settings.pretrain.model_copy(update=update)
            settings = settings.model_copy(update={"pretrain": section})
        data = words.data.resolve()
        WORK.mkdir(exist_ok=True)
        with chdir(WORK):
            print(f"wrote {make(data, settings, FOLDER)}, and {CARD} beside it")
        print(f"to the remote: {_advice()}")

    return status(run)


def _advice() -> str:
    file = (FOLDER / FILE).relative_to(ROOT)
    add = f"git add -f demo/remote && git add {FOLDER.name}"
    return f"dvc add {file} && dvc push -r demo {file}.dvc && {add}"


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
