"""Contacts: the hand takes or pushes a link where it can go along with its joint, and is told why where it cannot."""

from types import SimpleNamespace

import numpy as np
import pytest

from demo_solvers.execution import Execution
from demo_solvers.grasping.handles import Search
from demo_solvers.grasping.motion import LinkMotion
from demo_solvers.grasping.ways import handle_ways, push_ways, shuffled
from demo_solvers.planning.collision import SLACK, CollisionModel
from pipeline.core import poses
from pipeline.rollout import BatchWorlds

FRIDGE, DRAWER, BOX = "fridge/door", "cabinet/top_drawer", "lidded_box/lid"
WORLDS = 2


@pytest.fixture(scope="module")
def searched(problem, simulator):
    """A search for contacts that bring ``share`` of the travel's length, by handle or by pushing."""

    def look(body, kind, by, **placed):
        state = "is_closed" if by > 0 else "is_open"
        asset = body.split("/")[0]
        built = problem(f"(at_rest {body})", asset, initial=(f"({state} {body})",), worlds=WORLDS, **placed)
        ex = Execution(built, BatchWorlds(simulator, built))
        motion = LinkMotion.of(ex.state(), body)
        search = Search(ex, motion, np.full(WORLDS, by * motion.travel))
        axis, anchor = motion.in_link(ex.state())
        geometry = ex.state().layout.geometry[body]
        ways = (
            handle_ways(geometry, axis, ex.robot, turns=motion.turns, squeeze=0.02)
            if kind == "handle"
            else push_ways(geometry, np.sign(by) * axis, anchor, ex.robot, turns=motion.turns)
        )
        search.look(shuffled(ways, "test"), np.arange(WORLDS))
        return SimpleNamespace(ex=ex, motion=motion, search=search, best=search.ranked[0], ways=ways)

    return look


@pytest.fixture(scope="module")
def opened(searched):
    return searched(FRIDGE, "handle", 0.8)


def test_a_door_is_followed_along_its_arc(opened):
    assert opened.best.found.all()
    assert (opened.best.reached == 1.0).all()
    rows = np.arange(WORLDS)
    base = opened.ex.state().body("robot").astype(float)
    hand = poses.compose(base[:, None], opened.ex.arm.tool_pose(opened.best.travel))
    arm = hand[..., :3] - opened.motion.anchor[:, None]
    radius = np.linalg.norm(arm[..., :2], axis=-1)
    np.testing.assert_allclose(radius, radius[:, :1].repeat(radius.shape[1], axis=1), atol=3e-3)
    start = poses.compose(base, opened.ex.arm.tool_pose(opened.best.approach[:, -1]))[:, :3] - opened.motion.anchor
    turned = np.arctan2(arm[:, -1, 1], arm[:, -1, 0]) - np.arctan2(start[:, 1], start[:, 0])
    np.testing.assert_allclose(np.angle(np.exp(1j * turned)), opened.search.by[rows], atol=0.02)


def test_the_approach_and_the_way_out_are_free_of_everything_else(opened):
    ex, rows = opened.ex, np.arange(WORLDS)
    others = CollisionModel(ex.arm, ex.state(), width=float(opened.best.opening.max()))
    assert others.free(opened.best.approach, rows, ignore=(FRIDGE,)).all()
    after = opened.motion.moved(ex.state(), opened.search.by)
    left = CollisionModel(ex.arm, after, width=float(opened.best.opening.max()))
    assert left.clearance(opened.best.retreat[:, -1:], rows).min() > -SLACK


def test_the_ranks_get_no_better(opened):
    costs = np.stack([contact.cost for contact in opened.search.ranked])
    assert (np.diff(costs, axis=0) >= 0).all()


def test_a_drawer_is_pushed_shut_with_closed_fingers_from_the_front(searched):
    shut = searched(DRAWER, "push", -0.9)
    assert (shut.best.reached == 1.0).all()
    assert not shut.best.grips.any()
    np.testing.assert_array_equal(shut.best.opening, 0.0)
    hand = shut.ex.arm.tool_pose(shut.best.travel)[..., :3]
    assert (hand[:, -1, 0] - hand[:, 0, 0] > 0.1).all()


def test_a_lid_that_stands_beyond_the_vertical_is_pushed_from_behind(searched):
    assert (searched(BOX, "push", -0.9).best.reached == 1.0).all()


def test_faces_are_pushed_only_the_way_that_they_give(searched):
    ways = searched(FRIDGE, "push", 0.8).ways
    assert len(ways)
    assert (ways.normal[:, 0] > 0.5).all(), "the door's inner side, which looks away from the robot"


def test_what_is_out_of_reach_has_no_contact_and_is_not_called_blocked(searched):
    far = searched(DRAWER, "handle", 0.9, at={"cabinet": (1.7, 0, 0, 1, 0, 0, 0)})
    assert not far.best.found.any()
    assert not far.search.reachable.any()


def test_a_hinge_carries_a_hand_that_turns_as_much_as_it_is_told(searched, opened):
    motion, rows = opened.motion, np.arange(WORLDS)
    tool = poses.pose(motion.anchor + np.array([0.3, 0.0, 0.2]), (1.0, 0.0, 0.0, 0.0))
    by = np.full((WORLDS, 1), 0.6)
    for pivot, turned in ((0.0, 0.6), (0.5, 0.3), (1.0, 0.0)):
        moved = motion.carry(tool, by, rows, pivot=np.full(WORLDS, pivot), tip=np.zeros(WORLDS))
        assert poses.angle_between(moved[:, 0, 3:], tool[:, 3:]) == pytest.approx(turned, abs=1e-6)
        assert np.linalg.norm(moved[:, 0, :2] - motion.anchor[:, :2], axis=1) == pytest.approx(0.3)
