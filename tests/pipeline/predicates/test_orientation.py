"""Lying, alignment and rows, each at and around its tolerance."""

import numpy as np
import pytest

from pipeline.core.poses import compose, pose, quat_from_yaw
from pipeline.predicates.aligned import aligned
from pipeline.predicates.crosswise import crosswise
from pipeline.predicates.in_a_row import in_a_row
from pipeline.predicates.lying import lying


def turned(x: float, y: float, degrees: float) -> np.ndarray:
    return pose((x, y, 0.0), quat_from_yaw(np.deg2rad(degrees)))


@pytest.mark.parametrize(("degrees", "is_lying"), [(0, False), (55, False), (65, True), (115, True), (180, False)])
def test_lying_is_neither_upright_nor_upside_down(scene, tipped, degrees, is_lying):
    assert lying(scene(mug=tipped(0, 0, 0.1, degrees)), "mug").all() == is_lying


@pytest.mark.parametrize(
    ("degrees", "holds"), [(0, True), (9, True), (11, False), (81, True), (79, False), (180, True)]
)
def test_things_as_wide_as_long_are_aligned_by_any_side(scene, degrees, holds):
    world = scene(block=turned(0, 0, 0), other=turned(0.2, 0, degrees))
    assert aligned(world, "block", "other").all() == holds
    assert aligned(world, "other", "block").all() == holds


@pytest.mark.parametrize(("degrees", "holds"), [(0, False), (81, True), (90, True), (101, False), (-90, True)])
def test_long_things_are_aligned_by_their_long_sides(scene, degrees, holds):
    world = scene(table=(0, 0, 0), book=turned(1, 1, degrees))  # the table is longer along y, the book along x
    assert aligned(world, "table", "book").all() == holds


def test_a_long_thing_on_its_side_is_judged_by_the_side_that_is_seen(scene, tipped):
    stood = scene(table=(0, 0, 0), mug=(1, 1, 0))
    laid = scene(table=(0, 0, 0), mug=compose(turned(1, 1, 45), tipped(0, 0, 0, 90)))
    assert aligned(stood, "table", "mug").all()
    assert not aligned(laid, "table", "mug").any()


def test_a_row_is_straight(scene):
    def world(y):
        return scene(mug=(0, 0, 0), block=(0.1, y, 0), other=(0.2, 0, 0))

    assert in_a_row(world(0.019), "mug", "block", "other").all()
    assert not in_a_row(world(0.021), "mug", "block", "other").any()


def test_a_row_is_evenly_spaced_and_the_middle_one_is_in_the_middle(scene):
    def world(x):
        return scene(mug=(0, 0, 0), block=(x, 0, 0), other=(0.2, 0, 0))

    assert in_a_row(world(0.11), "mug", "block", "other").all()
    assert not in_a_row(world(0.12), "mug", "block", "other").any()
    assert not in_a_row(world(0.25), "mug", "block", "other").any()
    assert in_a_row(world(0.1), "other", "block", "mug").all()


@pytest.mark.parametrize(("degrees", "holds"), [(0, True), (9, True), (11, False), (90, False), (171, True)])
def test_long_things_are_crosswise_by_their_long_sides(scene, degrees, holds):
    world = scene(table=(0, 0, 0), book=turned(1, 1, degrees))  # the table is longer along y, the book along x
    assert crosswise(world, "table", "book").all() == holds
    assert crosswise(world, "book", "table").all() == holds


@pytest.mark.parametrize("degrees", [0, 9, 11, 45, 81])
def test_things_as_wide_as_long_are_crosswise_where_they_are_aligned(scene, degrees):
    world = scene(block=turned(0, 0, 0), other=turned(0.2, 0, degrees))
    assert crosswise(world, "block", "other").tolist() == aligned(world, "block", "other").tolist()
