"""Drawing a drawer without a handle: fingertips from above on the edge of its front."""

from __future__ import annotations

import numpy as np
import pytest

from demo_solvers.grasping.ways import DRAG_IN, drag_ways
from demo_solvers.solvers.vipr import carry_out
from demo_solvers.task_planning.plan import Plan, plan
from pipeline.core import poses
from pipeline.core.doors import Solution
from pipeline.core.program import Program, Stage
from pipeline.rollout import attempt
from pipeline.sim.mujoco import mujoco

DRAWER, GOAL = "plain_chest/drawer", "(is_open plain_chest/drawer)"
OUT = np.array([-1.0, 0.0, 0.0])


@pytest.fixture(scope="module")
def built(problem):
    return problem(GOAL, "plain_chest", initial=(f"(is_closed {DRAWER})",), worlds=2, horizon=25.0)


def test_hands_come_from_above_and_end_just_below_the_edge(catalog, robot):
    front = catalog.asset("plain_chest").links["drawer"]
    ways = drag_ways(front, OUT, robot)
    ahead = poses.quat_rotate(ways.tool[:, 3:], np.array([0.0, 0.0, 1.0]))
    tip = ways.tool[:, :3] + robot.gripper.finger_depth * ahead
    assert len(ways) > 20
    assert (ahead[:, 2] < -0.9).all()
    np.testing.assert_allclose(tip[:, 2], front.keypoints["edge"][2] - DRAG_IN, atol=1e-9)
    assert (np.abs(tip[:, 1]) < front.bounds.half[1]).all()
    assert not ways.grips.any()


def test_what_has_no_such_edge_is_not_drawn(catalog, robot):
    assert len(drag_ways(catalog.asset("cabinet").links["top_drawer"], OUT, robot)) == 0


def test_it_is_planned_and_the_drawers_that_had_no_way_still_have_none(built, simulator, problem):
    found = plan(GOAL, simulator.load(built.scenes))
    assert isinstance(found, Plan)
    assert [str(s.skill) for s in found.program.stages] == ["open"]
    low = "(is_open chest/bottom_drawer)"
    other = problem(low, "chest", initial=("(is_closed chest/bottom_drawer)",), worlds=1)
    assert "no handle" in plan(low, simulator.load(other.scenes)).reason


@pytest.mark.physics
def test_in_physics_it_comes_out(built, catalog):
    program = Program(stages=(Stage(skill="open", body=DRAWER, post=GOAL),))
    outcomes = attempt(mujoco(catalog), built, lambda p, w: Solution(carry_out(program, p, w), program)).outcomes
    assert [o.success for o in outcomes] == [True, True], [o.diagnosis for o in outcomes]
