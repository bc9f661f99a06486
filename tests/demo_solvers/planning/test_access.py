"""Through the door of what has a roof: the way in, hands that come from the side, and things put in and taken out."""

from __future__ import annotations

import numpy as np
import pytest

from demo_solvers.grasping.level import levelled
from demo_solvers.planning.access import LEAST, entry_around, entry_into, entry_of, front, shift_of
from demo_solvers.solvers.vipr import vipr
from pipeline.core import poses
from pipeline.core.program import Relation, Stage
from pipeline.rollout import attempt

DOOR = "microwave/door"
INTO = Stage(skill="place", body="coffee_to_go", relations=(Relation(predicate="inside", anchor="microwave"),))


@pytest.fixture(scope="module")
def kitchen(problem):
    return problem(
        "(inside coffee_to_go microwave)", "coffee_to_go", "microwave", initial=(f"(is_open {DOOR})",), horizon=40.0
    )


@pytest.fixture
def world(kitchen, simulator):
    return simulator.load(kitchen.scenes)


def test_the_way_out_of_a_microwave_leads_through_its_door(world) -> None:
    entry = entry_into(world, INTO)
    assert entry is not None
    pose = world.body("microwave").astype(float)
    assert entry.way == pytest.approx(poses.quat_rotate(pose[:, 3:], np.array([-1.0, 0.0, 0.0])))
    behind = (pose[:, :3] * entry.way).sum(axis=1)
    assert (entry.mouth > behind).all(), "the opening is in front of the middle"


def test_what_is_open_at_the_top_is_entered_from_above(problem, simulator) -> None:
    world = simulator.load(problem("(inside mug lidded_box)", "mug", "lidded_box", "basket").scenes)
    assert front(world.layout, "lidded_box") is None
    assert front(world.layout, "basket") is None
    stage = Stage(skill="place", body="mug", relations=(Relation(predicate="inside", anchor="lidded_box"),))
    shift = shift_of(world, stage, 0.12)(np.zeros((2, 7)), np.arange(2))
    assert shift == pytest.approx(np.tile((0.0, 0.0, 0.12), (2, 1)))


def test_the_deeper_a_place_the_longer_the_way_to_it(world) -> None:
    entry = entry_of(world, "microwave")
    assert entry is not None
    middle = world.body("microwave").astype(float)
    rows = np.arange(len(middle))
    deep = np.linalg.norm(entry.shift(middle, rows, size=0.04), axis=1)
    outside = poses.pose(middle[:, :3] + entry.way, middle[:, 3:])
    assert (deep > 0.15).all()
    assert np.linalg.norm(entry.shift(outside, rows, size=0.04), axis=1) == pytest.approx(LEAST)


def test_what_is_in_nothing_has_no_way_out(world) -> None:
    assert entry_around(world, "coffee_to_go") is None


def test_levelled_grasps_keep_their_contacts_and_come_from_the_side(catalog) -> None:
    carton = catalog.asset("juice_carton").links[""]
    grasps = carton.grasps
    more = levelled(grasps, carton)
    assert len(more) > len(grasps)
    pose = np.array([grasp.pose for grasp in more])
    approach = poses.quat_rotate(pose[:, 3:], np.array([0.0, 0.0, 1.0]))
    assert (np.rad2deg(np.arccos(np.clip(-approach[:, 2], -1, 1))) > 70).all()
    spots = {tuple(grasp.pose[:3]): grasp for grasp in grasps}
    for level, closing in zip(more, poses.quat_rotate(pose[:, 3:], np.array([0.0, 1.0, 0.0])), strict=True):
        parents = [g for g in grasps if g.pose[:3] == level.pose[:3]]
        assert tuple(level.pose[:3]) in spots
        lines = [poses.quat_rotate(np.array(g.pose[3:]), np.array([0.0, 1.0, 0.0])) for g in parents]
        assert max(abs(line @ closing) for line in lines) > 0.999, "the line between the fingertips is the same"


def test_a_hand_with_one_finger_in_a_glass_is_not_turned_to_the_side(catalog) -> None:
    glass = catalog.asset("glass").links[""]
    rim = [g for g in glass.grasps if g.width < 0.02]
    assert rim, "grasps of its wall, one finger inside"
    assert levelled(rim, glass) == ()
    outside = glass.model_copy(update={"cavity": None})
    assert levelled(rim, outside) != ()


def test_a_cup_is_put_into_an_open_microwave(kitchen, simulator) -> None:
    outcomes = attempt(simulator, kitchen, vipr).outcomes
    assert any(outcome.success for outcome in outcomes), [o.diagnosis for o in outcomes]


def test_a_cup_is_taken_out_of_an_open_microwave(problem, simulator) -> None:
    start = (f"(is_open {DOOR})", "(inside coffee_to_go microwave)")
    built = problem("(on coffee_to_go table)", "coffee_to_go", "microwave", initial=start, horizon=40.0)
    outcomes = attempt(simulator, built, vipr).outcomes
    assert any(outcome.success for outcome in outcomes), [o.diagnosis for o in outcomes]
