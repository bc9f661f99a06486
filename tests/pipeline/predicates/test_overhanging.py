"""Overhanging: far enough out for a hand, and still resting there."""

import numpy as np
import pytest

from pipeline.core.layout import LEFT_FINGER, RIGHT_FINGER
from pipeline.core.poses import pose, quat_from_yaw
from pipeline.predicates.overhanging import overhanging

# The cabinet is 40 cm deep and 34 cm wide with its top at 40 cm; the book is 20 by 10 cm.
TOP = 0.40


def on_top(scene, x, y=0.0, *, z=TOP, degrees=0.0, touching=()):
    book = pose((x, y, z), quat_from_yaw(np.deg2rad(degrees)))
    return overhanging(scene(touching, cabinet=(0, 0, 0), book=book), "book", "cabinet").all()


@pytest.mark.parametrize(("x", "holds"), [(0.0, False), (0.135, False), (0.145, True), (-0.145, True), (0.195, True)])
def test_it_counts_from_four_centimetres_on_while_the_centre_is_over_the_carrier(scene, x, holds):
    assert on_top(scene, x) == holds


def test_over_any_edge(scene):
    assert on_top(scene, 0.0, 0.165)
    assert not on_top(scene, 0.0, 0.155)


def test_what_has_gone_over_the_edge_or_is_lifted_does_not(scene):
    assert not on_top(scene, 0.21)
    assert not on_top(scene, 0.16, z=TOP + 0.02)


def test_a_corner_alone_does_not(scene):
    assert on_top(scene, 0.18, degrees=0.0)
    assert not on_top(scene, 0.16, 0.13, degrees=45.0)


def test_what_is_pinched_does_not(scene):
    held = [("book", LEFT_FINGER), ("book", RIGHT_FINGER)]
    assert on_top(scene, 0.16)
    assert not on_top(scene, 0.16, touching=held)


def test_nothing_overhangs_what_has_no_flat_top(scene):
    world = scene(bowl=(0, 0, 0), book=(0.1, 0, 0.06))
    assert not overhanging(world, "book", "bowl").any()
