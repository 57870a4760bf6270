"""``python -m benchmarks.long_run --minutes N``: memory and open files of a long run.

Rounds of training, evaluation and a gallery's ranks in this process, and of requests to a real
``mlflow models serve`` by several clients. Resident memory and open files of both, a row a round,
go to ``long-run.csv`` of a folder, the curves to ``long-run.png``.
"""

import argparse
import csv
import json
import shutil
import sys
import time
from base64 import b64encode
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
from matplotlib.figure import Figure
from mlflow import pyfunc
from numpy.typing import NDArray

from benchmarks.model_server import model_server, post
from mtdnet import errors, steps, synthetic
from mtdnet.data.ingest import ingest
from mtdnet.errors import InputError
from mtdnet.evaluation.evaluate import evaluate
from mtdnet.files import whole
from mtdnet.inference.verifier import Verifier
from mtdnet.params import Augment, Evaluate, Training
from mtdnet.plots.style import SYSTEMS, plain, save
from mtdnet.protocol.augment import augment
from mtdnet.training import Setup, Start, train
from tasks import served_model

CLIENTS, REQUESTS, PERSONS, WIDTH = 4, 100, 30, 1 / 16
STEPS = Training(steps=20, triplets=60, learning_rate=0.01, validate_every=10)
COLUMNS = ("minutes", "work_mb", "work_files", "server_mb", "server_files")
Row = tuple[float, ...]


def run(minutes: float, out: Path) -> None:
    """Go round for ``minutes``, but twice at least; write the rows and their curves to ``out``."""
    out, own, rows = out.resolve(), psutil.Process(), list[Row]()
    with TemporaryDirectory(prefix="mtdnet-long-") as scratch, chdir(scratch):
        images = _prepared()
        _once(images, 0)
        pyfunc.save_model("served", **served_model.parts(Path("model")))
        with model_server(Path("served"), Path("server.log")) as port:
            (server,) = own.children()
            begun = time.monotonic()
            while len(rows) < 2 or rows[-1][0] < minutes:
                _once(images, len(rows))
                _ask(port, images)
                spent = (time.monotonic() - begun) / 60
                row = (round(spent, 2), *_size([own]), *_size(_family(server)))
                rows.append(row)
                print(dict(zip(COLUMNS, row, strict=True)), flush=True)
    with whole(out / "long-run.csv") as draft, draft.open("w", encoding="utf-8") as stream:
        csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *rows])
    draw(np.array(rows), out / "long-run.png")
    for name, value in summary(np.array(rows)).items():
        print(f"{name}: {value}")


def summary(rows: NDArray[np.float64]) -> dict[str, str]:
    """Return of each column its range in the last three quarters, and what memory grows by."""
    late = rows[rows[:, 0] >= rows[-1, 0] / 4]
    found = {"rounds": str(len(rows))}
    for number, name in enumerate(COLUMNS[1:], 1):
        column = late[:, number]
        grows = np.polyfit(late[:, 0], column, 1)[0] * 60 if len(late) > 1 else 0.0
        found[name] = f"{column.min():g} to {column.max():g}, {grows:+.2f} an hour"
    return found


def draw(rows: NDArray[np.float64], target: Path) -> None:
    """Draw memory above open files, over time."""
    figure = Figure(figsize=(8, 4), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    for number, who in enumerate(("training, evaluation, ranks", "model server")):
        color, dashes = list(SYSTEMS.values())[number]
        for axes, column in ((above, 1 + 2 * number), (below, 2 + 2 * number)):
            axes.plot(rows[:, 0], rows[:, column], color=color, linestyle=dashes, label=who)
    above.set(ylabel="resident MB")
    below.set(ylabel="open files", xlabel="minutes")
    for axes in (above, below):
        axes.set_ylim(bottom=0)
        plain(axes)
    above.legend(frameon=False, loc="lower right")
    save(figure, target)


def _prepared() -> list[Path]:
    """Draw, ingest and augment a benchmark in the current folder; return its image files."""
    synthetic.write(steps.DATA, persons={"viper": PERSONS})
    source = steps.DATA / "viper"
    ingested, augmented = steps.ingested("viper"), steps.augmented("viper", 0)
    ingest(source=source, benchmark="viper", layout="viper", out=ingested, boxes="labeled")
    settings = Augment(negatives=5, pairs=6, rounds=20)
    augment(ingested=ingested, out=augmented, settings=settings, seed=0, number=0)
    shutil.unpack_archive(next(source.rglob("*.zip")), "images")
    return sorted(Path("images").resolve().rglob("*.bmp"))


def _once(images: Sequence[Path], seed: int) -> None:
    """Train a network from the start, test it, rank the images by it."""
    model, state = Path("model"), Path("checkpoints")
    ingested, augmented = steps.ingested("viper"), steps.augmented("viper", 0)
    shutil.rmtree(state, ignore_errors=True)
    start = Start(width=WIDTH)
    setup = Setup(ingested=ingested, augmented=augmented, settings=STEPS, seed=seed, start=start)
    train(setup, out=model, checkpoints=state / "train")
    evaluate(
        ingested=ingested,
        augmented=augmented,
        model=model,
        out=Path("test"),
        checkpoints=state / "test",
        settings=Evaluate(),
    )
    Verifier(model / "network.safetensors").rank(images[0], images[1:])


def _ask(port: int, images: Sequence[Path]) -> None:
    """Send requests of one to three pairs, every tenth with an image that is none."""
    encoded = [b64encode(image.read_bytes()).decode() for image in images]

    def one(number: int) -> int:
        some = [encoded[(number * k) % len(encoded)] for k in range(1, 4)]
        left = "no image" if number % 10 == 0 else some[0]
        rows = [{"left": left, "right": right} for right in some[: 1 + number % 3]]
        return post(port, json.dumps({"dataframe_records": rows}))[0]

    with ThreadPoolExecutor(CLIENTS) as clients:
        found = list(clients.map(one, range(REQUESTS)))
    if found != [400 if number % 10 == 0 else 200 for number in range(REQUESTS)]:
        raise InputError(f"the model server answered {sorted(set(found))}")


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _size(processes: Sequence[psutil.Process]) -> tuple[float, int]:
    """Return resident memory in MB, and how many files and sockets are open."""
    memory = sum(process.memory_info().rss for process in processes)
    return round(memory / 1e6, 1), sum(process.num_fds() for process in processes)


def main() -> int:
    """Read the command line and go round."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.long_run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", type=Path, default=Path("docs"), help="folder (docs)")
    given = parser.parse_args()
    return errors.status(lambda: run(given.minutes, given.out))


if __name__ == "__main__":
    sys.exit(main())
