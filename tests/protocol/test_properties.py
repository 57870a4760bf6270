"""What holds of every split and every list of triplets, whoever was seen wherever."""

from collections import Counter
from typing import Literal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mtdnet.errors import InputError
from mtdnet.params import Augment, Split
from mtdnet.protocol.splits import divide
from mtdnet.protocol.triplets import draw, positive_pairs

some = settings(derandomize=True, deadline=None, max_examples=60)
seen = st.lists(
    st.tuples(st.sampled_from([f"p{n}" for n in range(8)]), st.sampled_from(["", "a", "b", "c"])),
    min_size=8,
    max_size=40,
)


@some
@given(rows=seen, seed=st.integers(0, 9), number=st.integers(0, 3))
def test_a_split_keeps_persons_apart_and_each_query_has_its_match(
    rows: list[tuple[str, str]], seed: int, number: int
) -> None:
    person, camera = (np.array(column) for column in zip(*rows, strict=True))
    nothing = np.full(len(rows), "")
    try:
        split = divide(
            benchmark="mine",
            layout="table",
            person=person,
            camera=camera,
            settings=Split(name="random", test=1, seed=seed),
            part=nothing,
            role=nothing,
            number=number,
        )
    except InputError as problem:
        assert "\n" not in str(problem)
        return
    parts = {name: set(person[split.part == name]) for name in ("train", "validation", "test", "")}
    assert Counter(p for persons in parts.values() for p in persons).most_common(1)[0][1] == 1
    assert len(parts["test"]) == 1 and parts["validation"] and len(parts["train"]) >= 2
    for name in ("test", "validation"):
        queries = np.flatnonzero((split.part == name) & (split.role == "query"))
        gallery = np.flatnonzero((split.part == name) & (split.role == "gallery"))
        assert set(person[queries]) == set(person[gallery]) == parts[name]
        for q in queries:
            others = camera[gallery[person[gallery] == person[q]]]
            assert (others != camera[q]).any() or (others == "").any()
    assert not (split.role[split.part == "train"] != "").any()


@some
@given(
    rows=seen,
    seed=st.integers(0, 9),
    block=st.sampled_from(["block", "camera"]),
    negatives=st.integers(1, 4),
    pairs=st.integers(2, 6),
)
def test_triplets_cross_cameras_and_negatives_share_the_positives(
    rows: list[tuple[str, str]],
    seed: int,
    block: Literal["block", "camera"],
    negatives: int,
    pairs: int,
) -> None:
    person, camera = (np.array(column) for column in zip(*rows, strict=True))
    own = Augment(draw=block, negatives=min(negatives, pairs - 1), pairs=pairs)
    try:
        drawn, mirrors = draw(person, camera, own, np.random.default_rng(seed), "mine")
    except InputError as problem:
        assert "no triplet" in str(problem)
        return
    anchor, positive, negative = drawn.T
    assert (person[anchor] == person[positive]).all() and (anchor != positive).all()
    assert ((camera[anchor] != camera[positive]) | (camera[anchor] == "")).all()
    assert (person[negative] != person[positive]).all()
    assert (camera[negative] == camera[positive]).all()
    assert mirrors.shape == drawn.shape and mirrors.dtype == np.bool_
    every = set(map(tuple, positive_pairs(person, camera).tolist()))
    assert set(zip(anchor.tolist(), positive.tolist(), strict=True)) <= every
