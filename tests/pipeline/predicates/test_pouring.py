"""Pouring at and around its tolerances, in a hand-built scene with a cup that is hollow."""

import numpy as np
import pytest

from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.poses import pose, quat_from_axis_angle, quat_rotate
from pipeline.predicates.pouring import pouring

LIP = np.array([0.0, -0.03, 0.1])  # m, of the cup, where it is lowest when tipped about +x


@pytest.fixture
def layout(layout):
    shape = Box(pose=(0, 0, 0.05, 1, 0, 0, 0), half=(0.04, 0.04, 0.05))
    cup = BodyGeometry(bounds=shape, cavity=Box(pose=(0, 0, 0.06, 1, 0, 0, 0), half=(0.03, 0.03, 0.04)))
    layout.geometry["mug"] = cup
    return layout


def tipped(degrees, lip):
    """The pose of a cup tipped about +x whose lip is at ``lip`` (3,)."""
    quat = quat_from_axis_angle((1.0, 0.0, 0.0), np.deg2rad(degrees))
    return pose(np.array(lip) - quat_rotate(quat, LIP), quat)


@pytest.mark.parametrize(("degrees", "holds"), [(0, False), (75, False), (85, True), (130, True)])
def test_it_takes_a_tilt(scene, degrees, holds):
    assert pouring(scene(bowl=(0, 0, 0), mug=tipped(degrees, (0, 0, 0.08))), "mug", "bowl").all() == holds


@pytest.mark.parametrize(
    ("lip", "holds"),
    [
        ((0.0, 0.0, 0.08), True),
        ((0.04, 0.04, 0.08), True),
        ((0.06, 0.0, 0.08), False),
        ((0.0, -0.06, 0.08), False),
        ((0.0, 0.0, 0.058), True),
        ((0.0, 0.0, 0.05), False),
    ],
)
def test_the_lip_is_over_the_opening_and_not_below_its_rim(scene, lip, holds):
    assert pouring(scene(bowl=(0, 0, 0), mug=tipped(100, lip)), "mug", "bowl").all() == holds


def test_a_container_that_lies_takes_nothing(scene):
    quat = quat_from_axis_angle((0.0, 1.0, 0.0), np.deg2rad(30.0))
    world = scene(bowl=pose((0.0, 0.0, 0.0), quat), mug=tipped(100, (0.04, 0.0, 0.09)))
    assert not pouring(world, "mug", "bowl").any()


def test_what_is_not_hollow_neither_pours_nor_is_poured_into(scene):
    world = scene(bowl=(0, 0, 0), mug=tipped(100, (0, 0, 0.08)))
    assert not pouring(world, "block", "bowl").any()
    assert not pouring(world, "mug", "plate").any()
