"""``inside``: in the cavity, under the rim and let go."""

import numpy as np
import pytest

from pipeline.predicates.inside import inside

FLOOR_OF_BOWL = 0.01


def test_a_block_on_the_floor_of_the_bowl_is_inside(scene):
    assert inside(scene(bowl=(0.4, 0, 0), block=(0.42, 0.01, FLOOR_OF_BOWL)), "block", "bowl").all()


def test_a_thing_stays_inside_when_its_drawer_moves(scene):
    for out in (0.0, 0.2):
        world = scene(cabinet=(0.9, 0, 0), cabinet__drawer=(0.9 - out, 0, 0), block=(0.85 - out, 0.05, 0.25))
        assert inside(world, "block", "cabinet/drawer").all()


def test_held_over_the_bowl_is_not_inside(scene):
    held = [("block", "robot/left_finger"), ("block", "robot/right_finger")]
    assert not inside(scene(held, bowl=(0, 0, 0), block=(0, 0, 0.10)), "block", "bowl").any()
    assert not inside(scene(held, bowl=(0, 0, 0), block=(0, 0, 0.015)), "block", "bowl").any()


@pytest.mark.parametrize(
    ("case", "place"),
    [
        ("hovering above", (0, 0, 0.09)),
        ("on the rim", (0.06, 0, 0.06)),
        ("across the rim", (0, 0, 0.0401)),
        ("beside", (0.10, 0, 0)),
        ("underneath", (0, 0, -0.04)),
        ("leaning through the wall", (0.045, 0, 0.02)),
    ],
)
def test_what_is_not_down_in_the_bowl_is_not_inside(scene, case, place):
    assert not inside(scene([("block", "bowl")], bowl=(0, 0, 0), block=place), "block", "bowl").any(), case


@pytest.mark.parametrize("degrees", [45, 90, 180])
def test_a_tipped_or_upturned_bowl_contains_nothing(scene, tipped, degrees):
    for z in np.linspace(-0.1, 0.1, 21):
        world = scene(bowl=tipped(0, 0, 0.0, degrees), block=(0, 0, z))
        assert not inside(world, "block", "bowl").any()


def test_half_out_of_the_drawer_is_not_inside(scene):
    edge = 0.9 - 0.17
    world = scene(cabinet=(0.9, 0, 0), cabinet__drawer=(0.9, 0, 0), block=(edge + 0.001, 0, 0.26))
    assert not inside(world, "block", "cabinet/drawer").any()


def test_on_top_of_the_cabinet_is_not_in_its_drawer(scene):
    world = scene(cabinet=(0.9, 0, 0), cabinet__drawer=(0.9, 0, 0), block=(0.9, 0, 0.4))
    assert not inside(world, "block", "cabinet/drawer").any()


def test_a_thing_without_cavity_contains_nothing(scene):
    assert not inside(scene(plate=(0, 0, 0), block=(0, 0, 0.01)), "block", "plate").any()
