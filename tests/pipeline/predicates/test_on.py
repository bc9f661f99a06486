"""``on``: supported from below and let go; everything that merely looks like it is refused."""

import numpy as np
import pytest

from pipeline.core.errors import UnknownNameError
from pipeline.predicates.on import on

PLATE_TOP = 0.01
GRIPPED = [("block", "robot/left_finger"), ("block", "robot/right_finger")]


def test_a_block_standing_on_the_plate_is_on_it(scene):
    assert on(scene([("block", "plate")], plate=(0, 0, 0), block=(0.03, 0.02, PLATE_TOP)), "block", "plate").all()


def test_a_missed_contact_at_half_a_millimetre_does_not_matter(scene):
    assert on(scene(plate=(0, 0, 0), block=(0, 0, PLATE_TOP + 0.0005)), "block", "plate").all()


def test_a_stacked_block_is_on_the_lower_one_and_not_the_other_way_round(scene):
    world = scene([("block", "other")], other=(0.3, 0, 0), block=(0.31, 0.005, 0.04))
    assert on(world, "block", "other").all()
    assert not on(world, "other", "block").any()


def test_a_block_on_the_table_is_on_the_table(scene):
    assert on(scene([("block", "table")], block=(0.1, 0.1, 0)), "block", "table").all()


def test_a_body_without_a_support_area_carries_nothing(scene):
    assert not on(scene([("block", "mug")], mug=(0, 0, 0), block=(0, 0, 0.10)), "block", "mug").any()


def test_hovering_above_the_plate_is_not_on_it(scene):
    for height in (0.005, 0.05):
        assert not on(scene(plate=(0, 0, 0), block=(0, 0, PLATE_TOP + height)), "block", "plate").any()


def test_held_above_the_plate_is_not_on_it_even_when_it_already_touches(scene):
    world = scene([*GRIPPED, ("block", "plate")], plate=(0, 0, 0), block=(0, 0, PLATE_TOP))
    assert not on(world, "block", "plate").any()


def test_one_finger_still_touching_after_release_is_let_go(scene):
    world = scene([GRIPPED[0], ("block", "plate")], plate=(0, 0, 0), block=(0, 0, PLATE_TOP))
    assert on(world, "block", "plate").all()


def test_standing_beside_the_plate_and_touching_its_side_is_not_on_it(scene):
    world = scene([("block", "plate"), ("block", "table")], plate=(0, 0, 0), block=(0.12, 0, 0))
    assert not on(world, "block", "plate").any()


def test_balancing_on_the_rim_with_the_centre_outside_is_not_on_it(scene):
    world = scene([("block", "plate")], plate=(0, 0, 0), block=(0.09, 0, 0.02))
    assert not on(world, "block", "plate").any()


def test_bridging_the_rim_above_the_support_area_is_not_on_it(scene):
    world = scene([("block", "plate")], plate=(0, 0, 0), block=(0.05, 0, 0.025))
    assert not on(world, "block", "plate").any()


def test_leaning_against_another_block_is_not_on_it(scene, tipped):
    world = scene([("block", "other"), ("block", "table")], other=(0, 0, 0), block=tipped(0, 0.035, 0.0, 30))
    assert not on(world, "block", "other").any()


def test_lying_under_the_plate_is_not_on_it(scene):
    world = scene([("block", "plate")], plate=(0, 0, 0.04), block=(0, 0, 0))
    assert not on(world, "block", "plate").any()


def test_a_card_just_under_the_plates_surface_is_not_on_it(scene):
    world = scene([("zone", "plate")], plate=(0, 0, 0), zone=(0, 0, PLATE_TOP - 0.005))
    assert not on(world, "zone", "plate").any()


@pytest.mark.parametrize("degrees", [30, 90, 180])
def test_a_plate_that_is_not_level_carries_nothing(scene, tipped, degrees):
    plate = tipped(0, 0, 0.1, degrees)
    for z in np.linspace(0.0, 0.25, 26):
        assert not on(scene([("block", "plate")], plate=plate, block=(0, 0, z)), "block", "plate").any()


def test_a_slightly_tilted_plate_still_carries(scene, tipped):
    world = scene([("block", "plate")], plate=tipped(0, 0, 0.005, 4), block=tipped(0, 0, 0.005 + PLATE_TOP, 4))
    assert on(world, "block", "plate").all()


def test_the_robot_is_not_a_thing_to_stand_on(scene):
    with pytest.raises(UnknownNameError, match="body with geometry 'robot'"):
        on(scene(), "block", "robot")


def test_pinched_on_the_table_is_not_put_down_yet(scene):
    assert not on(scene([*GRIPPED, ("block", "table")], block=(0.1, 0.1, 0)), "block", "table").any()
