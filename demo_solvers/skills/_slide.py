"""What open and close share: take a handle, follow the prismatic joint to a position, let go and step back."""

from __future__ import annotations

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.grasping.handles import STEP_BACK, choose_handle_grasps, step_back
from demo_solvers.skills.pick import take
from pipeline.core.program import Stage

SPEED = 0.2  # m/s at the peak
TOLERANCE = 0.1  # of the joint's travel


def slide(ex: Execution, stage: Stage, *, share: float) -> None:
    """Bring the joint that carries ``stage.body`` to ``share`` of its travel."""
    state = ex.state()
    joint = state.layout.joint_of_body(stage.body)
    spec = state.layout.joint_specs[joint]
    goal = spec.lower + share * (spec.upper - spec.lower)
    travel = goal - state.joint_position(joint).astype(float)
    ex.begin(f"reach {stage.body}")
    choice = choose_handle_grasps(ex, stage.body, travel)
    take(ex, stage.body, choice.grasp)
    ex.begin(str(stage))
    ex.line(choice.travel, speed=SPEED, length=float(np.abs(travel[ex.alive]).max(initial=0.0)))
    ex.wait(0.2)
    _let_go(ex, stage)
    _check(ex, joint, goal, TOLERANCE * (spec.upper - spec.lower))
    if stage.post is not None:
        ex.require(stage.post, "joint_short")


def _let_go(ex: Execution, stage: Stage) -> None:
    ex.begin(f"{stage}: release")
    ex.grip(np.full(len(ex.q), ex.robot.gripper.max_width), 0.3)
    ex.begin(f"{stage}: retreat")
    path, ok = ex.arm.follow(step_back(ex.arm, ex.q), ex.q)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected="a straight retreat", seen="the arm cannot")
    ex.line(path, speed=0.3, length=STEP_BACK)


def _check(ex: Execution, joint: str, goal: float, tolerance: float) -> None:
    error = ex.state().joint_position(joint) - goal
    off = np.flatnonzero(ex.alive & (np.abs(error) > tolerance))
    seen = [f"{goal + e:.3f} m" for e in error[off]]
    ex.fail(off, "joint_short", expected=f"{joint} at {goal:.3f} m", seen=seen, amount=np.abs(error[off]))
