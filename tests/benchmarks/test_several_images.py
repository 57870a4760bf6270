"""Costs of questions of several images, against loops."""

import numpy as np

from benchmarks.several_images import questions


def test_two_images_are_pooled_and_one_is_each_of_the_two() -> None:
    logits = np.random.default_rng(0).normal(size=(3, 2, 3, 2))
    made = questions(logits)
    assert {name: costs.shape for name, costs in made.items()} == {
        "one image with one": (4, 3, 3),
        **{
            f"{sides}, {rule}": (choices, 3, 3)
            for rule in ("mean of logits", "best of")
            for sides, choices in (("two with one", 2), ("one with two", 2), ("two with two", 1))
        },
    }
    for q in range(3):
        for g in range(3):
            block = -logits[q, :, g, :]
            assert sorted(made["one image with one"][:, q, g]) == sorted(block.reshape(-1))
            np.testing.assert_allclose(made["two with two, mean of logits"][0, q, g], block.mean())
            assert made["two with two, best of"][0, q, g] == block.min()
            for k in range(2):  # the choice on the side that has one image
                assert made["two with one, best of"][k, q, g] == block[:, k].min()
                own = made["one with two, mean of logits"][k, q, g]
                np.testing.assert_allclose(own, block[k].mean())
