"""Regions, neighbourhood, directions, gripper, joints and motion, each at and around its tolerance."""

import dataclasses

import numpy as np
import pytest

from pipeline.core.errors import UnknownNameError
from pipeline.predicates.above import above
from pipeline.predicates.at_rest import at_rest
from pipeline.predicates.behind import behind
from pipeline.predicates.holding import holding
from pipeline.predicates.in_front_of import in_front_of
from pipeline.predicates.is_closed import is_closed
from pipeline.predicates.is_open import is_open
from pipeline.predicates.left_of import left_of
from pipeline.predicates.near import near
from pipeline.predicates.right_of import right_of
from pipeline.predicates.touching import touching
from pipeline.predicates.turned_off import turned_off
from pipeline.predicates.turned_on import turned_on
from pipeline.predicates.upright import upright
from pipeline.predicates.within import within

PINCH = [("block", "robot/left_finger"), ("block", "robot/right_finger")]


def test_within_is_decided_by_the_centre(scene):
    assert within(scene(zone=(0.5, 0, 0), block=(0.555, 0, 0)), "block", "zone").all()
    assert not within(scene(zone=(0.5, 0, 0), block=(0.565, 0, 0)), "block", "zone").any()


def test_sliding_through_the_region_does_not_count(scene):
    world = scene(zone=(0, 0, 0), block=(0, 0, 0), moving={"block": (0.05, 0, 0, 0, 0, 0)})
    assert not within(world, "block", "zone").any()


def test_held_or_stacked_over_the_region_is_not_within_it(scene):
    assert not within(scene(PINCH, zone=(0, 0, 0), block=(0, 0, 0.1)), "block", "zone").any()
    assert not within(scene(zone=(0, 0, 0), other=(0, 0, 0), block=(0, 0, 0.04)), "block", "zone").any()


def test_near_measures_between_footprints_and_only_on_one_level(scene):
    assert near(scene(mug=(0, 0, 0), block=(0.15, 0, 0)), "block", "mug").all()
    assert not near(scene(mug=(0, 0, 0), block=(0.17, 0, 0)), "block", "mug").any()
    assert not near(scene(mug=(0, 0, 0), block=(0.1, 0, 0.1)), "block", "mug").any()


def test_left_is_plus_y_for_someone_behind_the_robot(scene):
    world = scene(mug=(0.5, 0, 0), block=(0.52, 0.1, 0))
    assert left_of(world, "block", "mug").all()
    assert right_of(world, "mug", "block").all()
    assert not right_of(world, "block", "mug").any()
    assert not (in_front_of(world, "block", "mug") | behind(world, "block", "mug")).any()


def test_in_front_is_on_the_robots_side(scene):
    world = scene(mug=(0.5, 0, 0), block=(0.4, 0.02, 0))
    assert in_front_of(world, "block", "mug").all()
    assert behind(world, "mug", "block").all()
    assert not behind(world, "block", "mug").any()


def test_a_centimetre_aside_is_no_side(scene):
    assert not left_of(scene(mug=(0.5, 0, 0), block=(0.5, 0.01, 0)), "block", "mug").any()


def test_above_needs_the_bottom_over_the_top(scene):
    assert above(scene(plate=(0, 0, 0), block=(0.02, 0, 0.1)), "block", "plate").all()
    assert not above(scene(plate=(0, 0, 0), block=(0.2, 0, 0.1)), "block", "plate").any()
    assert not above(scene(bowl=(0, 0, 0), block=(0, 0, 0.01)), "block", "bowl").any()


def test_holding_takes_both_fingers_and_leaves_the_table(scene):
    assert holding(scene(PINCH), "block").all()
    assert not holding(scene(PINCH[:1]), "block").any()
    assert not holding(scene([*PINCH, ("block", "table")]), "block").any()
    assert not holding(scene([*PINCH, ("block", "floor")]), "block").any()


def test_what_stands_on_another_thing_is_not_held_however_long_the_chain_to_the_ground(scene):
    assert not holding(scene([*PINCH, ("block", "cabinet")]), "block").any()
    assert not holding(scene([*PINCH, ("block", "other"), ("other", "plate"), ("plate", "table")]), "block").any()
    assert holding(scene([*PINCH, ("block", "other")]), "block").all()
    assert holding(scene([*PINCH, ("robot", "table")]), "block").all()


def test_touching_is_symmetric_and_hands_out_its_own_array(scene):
    world = scene([("mug", "block")])
    answer = touching(world, "block", "mug")
    answer[:] = False
    assert touching(world, "mug", "block").all()


def test_a_mug_on_its_side_is_not_upright(scene, tipped):
    assert upright(scene(mug=tipped(0, 0, 0, 10)), "mug").all()
    for degrees in (20, 90, 180):
        assert not upright(scene(mug=tipped(0, 0, 0.05, degrees)), "mug").any()


def test_a_spinning_or_sliding_body_is_not_at_rest(scene):
    assert at_rest(scene(moving={"mug": (0.005, 0, 0, 0, 0, 0.1)}), "mug").all()
    assert not at_rest(scene(moving={"mug": (0.03, 0, 0, 0, 0, 0)}), "mug").any()
    assert not at_rest(scene(moving={"mug": (0, 0, 0, 0, 0, 0.7)}), "mug").any()


def test_a_drawer_is_open_from_fifteen_centimetres_and_closed_up_to_five_millimetres(scene):
    places = (-0.004, 0.0049, 0.0051, 0.02, 0.149, 0.151, 0.2)
    opened = [is_open(scene(drawer=d), "cabinet/drawer").item() for d in places]
    closed = [is_closed(scene(drawer=d), "cabinet/drawer").item() for d in places]
    assert opened == [False, False, False, False, False, True, True]
    assert closed == [True, True, False, False, False, False, False]


def test_a_tap_is_on_from_half_its_travel_off_up_to_a_twentieth_and_between_neither(scene):
    places = (-0.004, 0.009, 0.011, 0.099, 0.101, 0.2)
    on = [turned_on(scene(drawer=d), "cabinet/drawer").item() for d in places]
    off = [turned_off(scene(drawer=d), "cabinet/drawer").item() for d in places]
    assert on == [False, False, False, False, True, True]
    assert off == [True, True, False, False, False, False]


def with_joint(scene, layout, at, **changes):
    """The drawer's world with another joint, at a position."""
    joint = layout.joint_specs["cabinet/slide"].model_copy(update=changes)
    return dataclasses.replace(
        scene(drawer=at), layout=dataclasses.replace(layout, joint_specs={"cabinet/slide": joint})
    )


@pytest.mark.parametrize(
    ("kind", "travel", "closed", "ajar"),
    [
        ("prismatic", 0.40, 0.0079, 0.0081),  # 2 % of the travel
        ("prismatic", 0.20, 0.0049, 0.0051),  # 5 mm
        ("prismatic", 0.008, 0.0019, 0.0021),  # a quarter of the travel
        ("revolute", 1.9, 0.037, 0.039),  # 2 % of the travel
        ("revolute", 0.5, 0.0170, 0.0180),  # 1 degree
    ],
)
def test_how_far_ajar_still_counts_as_closed_depends_on_the_travel(scene, layout, kind, travel, closed, ajar):
    assert is_closed(with_joint(scene, layout, closed, kind=kind, upper=travel), "cabinet/drawer").all()
    assert not is_closed(with_joint(scene, layout, ajar, kind=kind, upper=travel), "cabinet/drawer").any()


def test_only_what_a_joint_moves_can_be_open(scene):
    with pytest.raises(UnknownNameError, match=r"'cabinet'.*cabinet/drawer"):
        is_open(scene(), "cabinet")


def test_a_door_that_opens_downwards_counts_from_its_upper_end(scene, layout):
    flap = layout.joint_specs["cabinet/slide"].model_copy(update={"kind": "revolute", "opens": "lower"})
    world = dataclasses.replace(
        scene(drawer=0.0), layout=dataclasses.replace(layout, joint_specs={"cabinet/slide": flap})
    )
    assert is_open(world, "cabinet/drawer").all()
    assert not is_closed(world, "cabinet/drawer").any()
    assert np.asarray(world.joint).item() == 0.0
