"""The ranking head in closed form: Fisher's discriminant of the training persons' maps.

Its directions spread persons and gather the images of one. Descent on triplets looks for them a
few images at a time; on a trunk that stays as it is, one decomposition has the best of them.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from mtdnet.device import Device
from mtdnet.networks.mtdnet import MTDnet
from mtdnet.scoring.extractor import Extractor
from mtdnet.training.data import Benchmark, numbered

RIDGE = 0.3  # times the mean squared length of an image's maps; from 0.1 to 1 serves
DIRECTIONS = 128  # more rank other persons worse
LIMIT = 16_000  # images; their products with one another take 2 GB
ENOUGH = 3_000  # images; the source's fill up to as many where a target has fewer
SOME = 10  # persons; of fewer their mean says as much of them as of the place
SIDEWAYS = 0.115  # of the maps' width; a Gaussian's deviation, from 0.08 to 0.15 serves
BLOCK = 256  # images


def discriminant(maps: Tensor, person: Tensor, directions: int) -> Tensor:
    """Return directions (k, D) of centred ``maps`` (N, D), the best first; k <= ``directions``.

    ``person``: (N,) int64. With the scatters ``St = X'X``, ``Sb`` of the means of persons, and
    ``r`` = ``RIDGE`` times the trace of ``St`` over N, they solve ``Sb v = mu (St + r I) v``
    (Fisher 1936; the ridge: Friedman 1989). Each has a spread of 1 among the images of a person,
    times ``mu``, what an image tells of its person's mean: uncertain directions count for less.
    D is far above N, so it is solved for ``v = X'a``, and by what is of the size of the persons.
    """
    products = (maps @ maps.T).double()
    means = F.one_hot(person).double()
    means = means[:, means.any(0)]
    means = means / means.sum(0).sqrt()  # X'(means means')X = Sb
    ridge = RIDGE * products.diagonal().mean()
    products.diagonal().add_(ridge)
    solved = torch.cholesky_solve(means, torch.linalg.cholesky(products))
    mu, turn = torch.linalg.eigh(
        torch.eye(means.shape[1], device=maps.device) - ridge * means.T @ solved
    )
    best = slice(-min(directions, means.shape[1] - 1), None)
    mu = mu[best].flip(0).clamp(1e-9, 1 - 1e-9)
    found = (solved @ turn[:, best].flip(1)) * (mu / (1 - mu)).sqrt()
    result: Tensor = found.T.to(maps.dtype) @ maps
    return result


def start_ranking(
    network: MTDnet,
    benchmarks: Sequence[Benchmark],
    source: Benchmark | None,
    device: Device,
    by_place: bool = False,
) -> None:
    """Make the ranking head the discriminant of the training persons of ``benchmarks``.

    And of ``source``, up to ``ENOUGH`` images in all. Maps are the mean of plain and mirrored
    image's, smoothed along their rows, and so are the directions: a person stands now more to the
    left, now to the right. Each benchmark's are taken about their own mean: cameras differ between
    benchmarks. With ``by_place`` so are those of each place of ``SOME`` persons, for what parts
    places passes for what parts persons, which tells nobody from another where all are of one
    place. The head's bias is for the first benchmark; what the directions don't fill is 0. Of more
    than ``LIMIT`` images torch's seed draws as many of each person.
    """
    layer, extractor, grid = network.ranking.fc, Extractor(network, device), network.trunk.grid
    blur = _sideways(grid[1]).to(device.torch)
    every = [*benchmarks, source] if source else benchmarks
    persons = [number.cpu() for number in numbered(every)[0]]
    chosen = _dealt(persons[: len(benchmarks)], LIMIT)
    chosen += _dealt(persons[len(benchmarks) :], max(0, ENOUGH - sum(map(len, chosen))))
    count = sum(map(len, chosen))
    maps, means, at = torch.empty(count, layer.in_features, device=device.torch), list[Tensor](), 0
    with tqdm(total=count, desc="ranking head", unit="images", leave=False) as progress:
        for b, rows in zip(every, chosen, strict=True):
            own = maps[at : (at := at + len(rows))]
            for part, block in zip(torch.split(own, BLOCK), torch.split(rows, BLOCK), strict=True):
                part.copy_(_along_rows(blur, extractor.maps(b.pixels[block]).float(), grid))
                progress.update(len(block))
            means.append(own.mean(0))
            own -= means[-1]
            ids = (of[rows.numpy()] for of in (b.images.person, b.images.camera))
            for there in _places(*ids) if by_place else []:
                own[there] -= own[there].mean(0)
    person = torch.cat([of[rows] for of, rows in zip(persons, chosen, strict=True)])
    with torch.no_grad():
        found = discriminant(maps, person.to(maps.device), min(DIRECTIONS, len(layer.weight)))
        for value in layer.parameters():
            value.zero_()
        layer.weight[: len(found)] = _along_rows(blur.T, found, grid)
        layer.bias[: len(found)] = -found @ means[0]


def _sideways(width: int) -> Tensor:
    """Return the Gaussian means (width, width) of a row's places; each of its rows sums to 1."""
    place = torch.arange(float(width)) / width
    blur = (-0.5 * ((place[:, None] - place) / SIDEWAYS) ** 2).exp()
    return blur / blur.sum(1, keepdim=True)


def _along_rows(matrix: Tensor, maps: Tensor, grid: tuple[int, int]) -> Tensor:
    """Return ``matrix`` (w, w) times each row of ``maps`` (N, h w C), which lie as a head reads."""
    return torch.einsum("ab,nhbc->nhac", matrix, maps.view(len(maps), *grid, -1)).flatten(1)


def _places(person: NDArray[np.str_], camera: NDArray[np.str_]) -> list[NDArray[np.int64]]:
    """Return the rows of each place of ``SOME`` persons; ``person``, ``camera``: of N images.

    Cameras that see the same person are of one place, and so are unknown ones.
    """
    (persons, who), (cameras, by) = (np.unique(x, return_inverse=True) for x in (person, camera))
    nodes = len(persons) + len(cameras)
    seen = coo_array((np.ones(len(who)), (who, len(persons) + by)), shape=(nodes, nodes))
    place = connected_components(seen, directed=False)[1]
    large = np.flatnonzero(np.bincount(place[: len(persons)]) >= SOME)
    return [np.flatnonzero(place[who] == number) for number in large]


def _dealt(persons: Sequence[Tensor], limit: int) -> list[Tensor]:
    """Return the rows of each benchmark's training persons, of all at most ``limit``.

    ``persons``: their numbers for each benchmark's images, -1 for others. Each person gives two,
    then two more, for as long as there is room: one alone tells nothing of a person's spread.
    """
    if not persons:
        return []
    number = torch.cat(list(persons))
    order = torch.randperm(len(number))
    order = order[number[order] >= 0]
    order = order[number[order].argsort(stable=True)]
    place = torch.cat([torch.arange(int(count)) for count in number[order].bincount()])
    kept = torch.zeros(len(number), dtype=torch.bool)
    kept[order[(place // 2).argsort(stable=True)[:limit]]] = True
    return [
        torch.nonzero(own).flatten() for own in torch.split(kept, [len(each) for each in persons])
    ]
