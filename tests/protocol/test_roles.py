"""Who of a split is query, who gallery."""

import numpy as np

from mtdnet.params import Split
from tests.protocol.dividing import counts, divided, market, pairs, persons


def test_roles_of_two_cameras() -> None:
    rows = pairs(20, images=3)
    found = divided(rows, Split(name="random", test=10, validation=5), "cuhk01")
    for i, (_, camera) in enumerate(rows):
        scored = found.part[i] in ("test", "validation")
        expected = "query" if camera == "a" else "gallery" if i % 3 == 0 else ""
        assert found.role[i] == (expected if scored else "")


def test_roles_without_cameras() -> None:
    rows = [(f"{p:04d}", "") for p in range(10) for _ in range(4)]
    found = divided(rows, benchmark="ilids")
    for i in range(len(rows)):
        scored = found.part[i] in ("test", "validation")
        assert found.role[i] == (("gallery" if i % 4 == 0 else "query") if scored else "")


def test_roles_of_many_cameras() -> None:
    rows = [(f"{p}", c) for p in range(8) for c in ("c2", "c1", "c3", "c2", "c1")]
    found = divided(rows, Split(name="random", test=2), "mine")
    for p in persons(rows, found.part == "test"):
        start = int(p) * 5
        assert found.role[start : start + 5].tolist() == ["gallery", "query", "", "", "query"]


def test_whole_prid_has_549_more_persons_in_its_gallery() -> None:
    rows = [
        *pairs(200),
        *[(f"a{p}", "a") for p in range(185)],
        *[(f"b{p}", "b") for p in range(549)],
    ]
    found = divided(rows, benchmark="prid2011")
    test = found.role[found.part == "test"]
    assert np.count_nonzero(test == "query") == 100
    assert np.count_nonzero(test == "gallery") == 100 + 549


def test_all_of_many_cameras_is_all_of_the_second() -> None:
    rows = [(f"{p}", c) for p in range(8) for c in ("c2", "c1", "c3", "c2", "c1")]
    found = divided(rows, Split(name="random", test=2, gallery="all"), "mine")
    for p in persons(rows, found.part == "test"):
        start = int(p) * 5
        assert found.role[start : start + 5].tolist() == [
            "gallery",
            "query",
            "",
            "gallery",
            "query",
        ]


def test_persons_of_one_camera_are_left_out_and_counted() -> None:
    rows = [*pairs(20), ("only a", "a"), ("only a", "a"), ("only b", "b")]
    found = divided(rows)
    assert (found.part[-3:] == "").all() and (found.role[-3:] == "").all()
    assert (len(found.one_camera), found.distractors) == (2, 0)


def test_prid_gallery_holds_the_persons_of_camera_b_alone() -> None:
    rows = [*pairs(40), *[(f"a{p}", "a") for p in range(5)], *[(f"b{p}", "b") for p in range(9)]]
    found = divided(rows, benchmark="prid2011")
    alone = np.array([p.startswith("b") for p, _ in rows])
    assert (found.part[alone] == "test").all() and (found.role[alone] == "gallery").all()
    assert (len(found.one_camera), found.distractors) == (5, 9)
    assert np.count_nonzero((found.part == "validation") & (found.role == "gallery")) == 2


def test_parts_and_roles_of_the_layout_are_kept() -> None:
    rows, said = market()
    found = divided(rows, benchmark="market1501", said=said)
    assert counts(rows, found) == (18, 2, 12)
    assert (found.origin, found.gallery) == ("layout", "layout")
    assert (divided(rows, Split(gallery="all"), "market1501", said=said).role == found.role).all()
    assert (len(found.one_camera), found.distractors) == (1, 2)
    for i, (part, role) in enumerate(said[:-5]):
        assert found.part[i] == part or (found.part[i], part) == ("validation", "train")
        if part == "test":
            assert found.role[i] == role
    assert found.part[-5:].tolist() == ["test", "test", "", "test", ""]
    assert found.role[-5:].tolist() == ["gallery", "gallery", "", "gallery", ""]
    held = found.role[found.part == "validation"]
    assert sorted(held.tolist()) == ["", "", "gallery", "gallery", "query", "query"]


def test_a_named_split_overrides_the_layout() -> None:
    rows, said = market()
    found = divided(rows, Split(name="random", test=5), "market1501", said=said)
    assert counts(rows, found) == (20, 5, 5)
    assert len(found.one_camera) == 3
    assert (found.part[np.array([p == "0000" for p, _ in rows])] == "").all()
