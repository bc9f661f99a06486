"""Pick: reach, approach in a straight line, close, lift, and see whether the object came along."""

from __future__ import annotations

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.grasping.select import LIFT, STANDOFF, GraspChoice, choose_grasps, withdrawal
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.transit import plan_transit, raise_tool
from demo_solvers.program import SkillCall

WAYPOINTS = 6
SQUEEZE = 0.03  # m by which the commanded opening stays below the object's width: force = kp * SQUEEZE / 2
APPROACH_SPEED, LIFT_SPEED = 0.3, 0.35  # m/s at the peak


def pick(ex: Execution, call: SkillCall, following: SkillCall | None) -> None:
    """Grasp ``call.body`` and lift it; rows that cannot or do not are failed with their reason."""
    choice = _reach(ex, call.body, following)
    ex.begin(f"{call}: lift")
    before = ex.state().body(call.body)[:, 2].copy()
    path, ok = ex.arm.follow(ex.to_base(_raised(choice.tool, LIFT), np.arange(len(ex.q))), ex.q)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected=f"lift by {LIFT} m", seen="the arm cannot")
    ex.line(path, speed=LIFT_SPEED, length=LIFT)
    ex.wait(0.1)
    rise = ex.state().body(call.body)[:, 2] - before
    missed = np.flatnonzero(ex.alive & (rise < 0.5 * LIFT))
    seen = [f"it rose by {r:.3f} m" for r in rise[missed]]
    ex.fail(missed, "grasp_missed", expected=f"{call.body} lifted by {LIFT} m", seen=seen, amount=rise[missed])
    ex.note_held(call.body)


def _reach(ex: Execution, body: str, following: SkillCall | None) -> GraspChoice:
    ex.begin(f"reach {body}")
    choice = choose_grasps(ex, body, following)
    take(ex, body, choice)
    return choice


def take(ex: Execution, body: str, choice: GraspChoice) -> None:
    """Go to the chosen grasps without collision and close the gripper."""
    lost = np.flatnonzero(ex.alive & ~choice.found)
    ex.fail(lost, "ik_failed", expected=f"a reachable, free grasp of {body}", seen="none among the candidates")
    # The approach is followed backwards from the grasp, so that it ends in just the joints the choice was checked for.
    back, ok = ex.arm.follow(ex.to_base(withdrawal(choice.tool), np.arange(len(ex.q))), choice.q_grasp)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected="a straight approach", seen="the arm cannot")
    model = CollisionModel(ex.arm, ex.state(), width=float(choice.opening.max()))
    path, ok = plan_transit(ex, back[:, -1], model)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "path_in_collision", expected=f"a free path to {body}", seen="none found")
    ex.move(path, width=choice.opening)
    ex.begin(f"grasp {body}")
    approach = np.concatenate([back[:, -2::-1], choice.q_grasp[:, None]], axis=1)
    ex.line(approach, speed=APPROACH_SPEED, length=STANDOFF)
    ex.wait(0.2)
    ex.grip(np.maximum(choice.width - SQUEEZE, 0.0), 0.4)


def _raised(tool: Array, height: float) -> Array:
    return np.stack([raise_tool(tool, height * i / WAYPOINTS) for i in range(1, WAYPOINTS + 1)], axis=1)
