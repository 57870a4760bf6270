"""Triplets of the training persons: positive pairs across cameras, drawn negatives, mirrors."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mtdnet.errors import InputError
from mtdnet.params import Augment

TRIPLETS = "triplets.parquet"
STREAMS = ("anchor", "positive", "negative")  # columns of it, each with flags beside: NAME_mirror

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]
# pairs (M, 2) of one camera and a count of blocks -> rows of these pairs (blocks, M / blocks)
Deal = Callable[[Rows, int, np.random.Generator], Rows]


def positive_pairs(person: NDArray[np.str_], camera: NDArray[np.str_]) -> Rows:
    """Return all ordered pairs (P, 2) of images of one person whose cameras differ.

    ``person``, ``camera``: (N,). Two images of unknown camera ("") are a pair too. Every pair
    stands there in both directions (anchor in A, anchor in B).
    """
    order = np.argsort(person, kind="stable")
    starts = np.unique(person[order], return_index=True)[1]
    pairs = [np.empty((0, 2), np.int64)]
    for rows in np.split(order, starts[1:]):
        cameras = camera[rows]
        across = (cameras[:, None] != cameras) | (cameras[:, None] == "")
        np.fill_diagonal(across, False)
        pairs.append(rows[np.argwhere(across)])
    return np.concatenate(pairs)


def draw(
    person: NDArray[np.str_],
    camera: NDArray[np.str_],
    settings: Augment,
    random: np.random.Generator,
    benchmark: str,
) -> tuple[Rows, Flags]:
    """Return triplets as images (T, 3) and mirror flags (T, 3): anchor, positive, negative.

    ``person``, ``camera``: (N,) of the training images. Each positive pair gets ``negatives``
    images of other persons from the positive's camera (Chen et al. 2017, "Triplet"), without
    repetition where enough are there. A pair whose positive's camera saw nobody else is left out.
    ``rounds`` lists follow one another.

    ``camera``: negatives from all images of the camera, a mirror flag for each image of each
    triplet, triplets in random order. ``block``: rows ``k * pairs * negatives`` onwards are block
    k, positive pairs with positives in one camera, of different persons where there are as many;
    a pair's negatives are positives of its block and keep its mirror flags, so a block touches
    at most ``2 * pairs`` images. Pairs drawn again fill the last block of each camera.

    Raises InputError when no triplet can be made.
    """
    _, who = np.unique(person, return_inverse=True)
    names, place = np.unique(camera, return_inverse=True)
    pairs = positive_pairs(person, camera)
    seen = np.unique(np.stack([place[pairs[:, 1]], who[pairs[:, 1]]]), axis=1)
    crowd = np.bincount(seen[0], minlength=len(names))
    pairs = pairs[crowd[place[pairs[:, 1]]] > 1]
    if not len(pairs):
        raise InputError(
            f"{benchmark}: no camera saw two training persons that another camera saw too, so "
            "there is no triplet; add persons or check camera ids"
        )

    def deal(some: Rows, count: int, random: np.random.Generator) -> Rows:
        return _deal(who[some[:, 1]], count, random)

    given = pairs, who, place, settings, random
    rounds = [
        blocks(*given, deal) if settings.draw == "block" else _plain(*given)
        for _ in range(settings.rounds)
    ]
    return np.concatenate([r[0] for r in rounds]), np.concatenate([r[1] for r in rounds])


def _plain(
    pairs: Rows, who: Rows, place: Rows, settings: Augment, random: np.random.Generator
) -> tuple[Rows, Flags]:
    negatives = np.empty((len(pairs), settings.negatives), np.int64)
    for c in np.unique(place[pairs[:, 1]]):
        pool = np.flatnonzero(place == c)
        pool = pool[np.argsort(who[pool], kind="stable")]
        at = np.flatnonzero(place[pairs[:, 1]] == c)
        own = who[pairs[at, 1]]
        low = np.searchsorted(who[pool], own)
        high = np.searchsorted(who[pool], own, side="right")
        drawn = _subsets(len(pool) - (high - low), settings.negatives, random)
        negatives[at] = pool[drawn + (drawn >= low[:, None]) * (high - low)[:, None]]
    images = np.concatenate(
        [np.repeat(pairs, settings.negatives, axis=0), negatives.reshape(-1, 1)], axis=1
    )
    images = images[random.permutation(len(images))]
    return images, random.random(images.shape) < 0.5


def _subsets(sizes: Rows, count: int, random: np.random.Generator) -> Rows:
    """Return ``count`` different numbers below each of ``sizes`` (R,), as (R, count).

    Floyd's algorithm: the k-th draw is from ``size - count + k + 1`` numbers, and one drawn
    before gives way to the highest of them. Sizes below ``count`` are drawn with repetition.
    """
    chosen = np.empty((len(sizes), count), np.int64)
    for k in range(count):
        top = sizes - count + k
        number = random.integers(0, np.where(sizes < count, sizes, top + 1))
        again = (chosen[:, :k] == number[:, None]).any(1) & (sizes >= count)
        chosen[:, k] = np.where(again, top, number)
    return chosen


def blocks(
    pairs: Rows,
    who: Rows,
    place: Rows,
    settings: Augment,
    random: np.random.Generator,
    deal: Deal,
) -> tuple[Rows, Flags]:
    """Return triplets in blocks, as ``draw`` does, of ``pairs`` (P, 2) of images.

    ``who``, ``place``: persons and cameras of all images as numbers; ``deal`` says which pairs of
    a camera stand in a block together. In a block of one person alone, another person's pair takes
    the first place.
    """
    size, count = settings.pairs, settings.negatives
    slots = []
    for c in np.unique(place[pairs[:, 1]]):
        of_camera = pairs[place[pairs[:, 1]] == c]
        number = -(-len(of_camera) // size)
        extra = np.arange(number * size) % len(of_camera)
        of_camera = random.permutation(of_camera)[extra]
        dealt, own = deal(of_camera, number, random), who[of_camera[:, 1]]
        for alone in np.flatnonzero((own[dealt] == own[dealt[:, :1]]).all(1)):
            dealt[alone, 0] = random.choice(np.flatnonzero(own != own[dealt[alone, 0]]))
        slots.append(of_camera[dealt])
    slot = random.permutation(np.concatenate(slots))  # (blocks, size, anchor and positive)
    persons = who[slot[..., 1]]
    same = persons[:, :, None] == persons[:, None]
    earlier = np.tril(same, -1).sum(2)  # slots before this one with its person
    # In random order: each other person's first slot, then the second ones; at last the same.
    key = random.random(same.shape) + earlier[:, None] + same * (size + 1)
    order = np.argsort(key, axis=2)
    pick = np.arange(count) % (~same).sum(2)[..., None]  # begins again where others are fewer
    chosen = np.take_along_axis(order, pick, axis=2)  # (blocks, size, count)
    item = slot * 2 + (random.random(slot.shape) < 0.5)  # an image and its mirror flag
    negative = item[np.arange(len(slot))[:, None, None], chosen, 1]
    pair = np.repeat(item[:, :, None], count, axis=2)
    items = np.concatenate([pair, negative[..., None]], axis=3).reshape(-1, 3)
    return items // 2, items % 2 == 1


def _deal(who: Rows, blocks: int, random: np.random.Generator) -> Rows:
    """Return pairs of persons ``who`` (blocks * size,) as (blocks, size) rows of ``who``.

    Each person's pairs go to the blocks that are least full, ties in random order: no block
    holds a person twice unless the person has more pairs than there are blocks.
    """
    order = random.permutation(len(who))
    order = order[np.argsort(random.permutation(who.max() + 1)[who[order]], kind="stable")]
    starts = np.flatnonzero(np.diff(who[order], prepend=-1))
    filled = np.zeros(blocks, np.int64)
    block = np.empty(len(who), np.int64)
    for rows in np.split(order, starts[1:]):
        for part in np.split(rows, range(blocks, len(rows), blocks)):
            emptiest = np.lexsort((random.random(blocks), filled))[: len(part)]
            block[part] = emptiest
            filled[emptiest] += 1
    return np.argsort(block, kind="stable").reshape(blocks, -1)


def deal_alike(
    who: Rows,
    distance: NDArray[np.floating],
    blocks: int,
    share: float,
    random: np.random.Generator,
) -> Rows:
    """Return pairs of persons ``who`` (M,) as (blocks, M / blocks) rows of ``who``.

    ``distance``: (M, M) of one pair's anchor to another's positive. A block begins with a random
    pair; ``share`` of it are this and those that are nearest to it of the pairs that are left, the
    rest are random. While pairs of other persons are left, no block holds a person twice.
    """
    size = len(who) // blocks
    left = random.permutation(len(who))
    dealt = np.empty((blocks, size), np.int64)
    for block in dealt:
        for slot in range(size):
            new = ~np.isin(who[left], who[block[:slot]])
            among = np.flatnonzero(new) if new.any() else np.arange(len(left))
            near = 0 < slot < share * size
            at = among[distance[block[0], left[among]].argmin()] if near else among[0]
            block[slot] = left[at]
            left = np.delete(left, at)
    return dealt
