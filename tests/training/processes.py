"""What a process of torchrun does in ``test_parallel``: python -m torch.distributed.run FILE ..."""

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from mtdnet import device, variants
from mtdnet.data.images import Images
from mtdnet.errors import status
from mtdnet.losses.batch import DeviceBatch
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.params import Training
from mtdnet.training import Setup, Start, train
from mtdnet.training.parallel import joined
from mtdnet.training.trainer import Trainer
from mtdnet.training.triplets import Triplets

SETTINGS = Training(steps=6, triplets=20, learning_rate=0.01, validate_every=3)


def gradients(results: Path, out: Path, variant: str) -> None:
    """Write the gradients of a step without dropout, and the losses' means, of all processes."""
    place = replace(device.choose(), bf16=False)  # that rounds by the size of a share
    kind = variants.load(variant)
    torch.manual_seed(0)
    network = kind.kind(1 / 16)
    for parameter in network.trunk.parameters():
        parameter.data *= 3
    if isinstance(network, MTDnet):
        network.pair.drop = nn.Identity()  # type: ignore[assignment] # drawn apart by each process
    pixels = torch.from_numpy(Images.open(results / "ingest" / "viper").pixels)
    with joined(place) as group:
        trainer = Trainer(kind, network, SETTINGS, place, group)

        def batch(size: int, step: int) -> DeviceBatch:
            augmented = results / "augment" / "viper-0"
            return Triplets.open(augmented, size, 1, pixels, place, group).batch(step)

        source = kind.source_triplets(SETTINGS.triplets)
        losses = trainer.backward(batch(SETTINGS.triplets, 5), batch(source, 7) if source else None)
        means = group.means({name: float(loss.detach()) for name, loss in losses.items()})
        if group.rank == 0:
            named = network.named_parameters()
            found = {name: p.grad for name, p in named if p.grad is not None}
            found |= {name: torch.tensor(mean) for name, mean in means.items()}
            save_file({name: each.contiguous() for name, each in found.items()}, out)


def stopped(results: Path, out: Path, number: str) -> None:
    """Train; process ``number`` alone is asked to stop in step 4."""
    step, taken = Trainer.step, 0

    def interrupted(self: Trainer, target: DeviceBatch, source: DeviceBatch | None = None) -> None:
        nonlocal taken
        step(self, target, source)
        taken += 1
        if taken == 4 and os.environ["RANK"] == number:
            os.kill(os.getpid(), signal.SIGTERM)

    Trainer.step = interrupted  # type: ignore[method-assign]
    setup = Setup(
        ingested=results / "ingest" / "viper",
        augmented=results / "augment" / "viper-0",
        settings=SETTINGS,
        seed=3,
        start=Start(width=1 / 16),
    )
    train(setup, out=out / "model", checkpoints=out / "checkpoints")


if __name__ == "__main__":
    work, results, out, more = sys.argv[1:]
    act = {"gradients": gradients, "stopped": stopped}[work]
    sys.exit(status(lambda: act(Path(results), Path(out), more)))
