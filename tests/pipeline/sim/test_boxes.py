from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.geometry import Box
from pipeline.core.poses import pose, quat_from_yaw
from pipeline.sim._boxes import Boxes, escape_distances, ray_spans

UNIT = Boxes.of((Box(half=(1, 1, 1)),))


def test_a_ray_enters_and_leaves_through_opposite_faces() -> None:
    enter, leave = ray_spans(UNIT, [[-3, 0.5, 0]], [[1, 0, 0]])
    assert (enter[0, 0], leave[0, 0]) == pytest.approx((2, 4))


def test_a_ray_beside_the_box_misses() -> None:
    enter, leave = ray_spans(UNIT, [[-3, 1.5, 0]], [[1, 0, 0]])
    assert enter[0, 0] > leave[0, 0]


def test_a_ray_meets_a_turned_box_at_its_edge() -> None:
    turned = UNIT.seen_from(pose([5.0, 0, 0], quat_from_yaw(np.pi / 4)))
    enter, _ = ray_spans(turned, [[0, 0, 0]], [[1, 0, 0]])
    assert enter[0, 0] == pytest.approx(5 - np.sqrt(2))


def test_boxes_apart_need_no_shift() -> None:
    other = UNIT.seen_from(pose([2.1, 0, 0]))
    assert escape_distances(UNIT, other, [1, 0, 0])[0, 0] == 0


def test_the_shift_out_depends_on_the_way() -> None:
    other = UNIT.seen_from(pose([1.5, 0, 0]))
    assert escape_distances(UNIT, other, [-1, 0, 0])[0, 0] == pytest.approx(0.5)
    assert escape_distances(UNIT, other, [1, 0, 0])[0, 0] == pytest.approx(3.5)
    assert escape_distances(UNIT, other, [0, 1, 0])[0, 0] == pytest.approx(2)


@pytest.mark.parametrize("seed", range(20))
def test_after_the_shift_turned_boxes_just_touch(seed: int) -> None:
    rng = np.random.default_rng(seed)
    quats = rng.normal(size=(2, 4))
    quats /= np.linalg.norm(quats, axis=1, keepdims=True)
    a = Boxes(pose(rng.uniform(-0.3, 0.3, 3), quats[0])[None], rng.uniform(0.5, 1, (1, 3)))
    b = Boxes(pose(rng.uniform(-0.3, 0.3, 3), quats[1])[None], rng.uniform(0.5, 1, (1, 3)))
    way = rng.normal(size=3)
    way /= np.linalg.norm(way)
    needed = escape_distances(a, b, way)[0, 0]
    assert needed > 0
    shifted = [a.seen_from(pose(way * needed * f)) for f in (1.001, 0.999)]
    assert escape_distances(shifted[0], b, way)[0, 0] == 0
    assert escape_distances(shifted[1], b, way)[0, 0] > 0
