"""Place: carry the held object above its place, lower it, release, retreat, and see whether it stayed."""

from __future__ import annotations

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.grasping.select import OPENING, STANDOFF, withdrawal
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel, held_spheres
from demo_solvers.planning.placement import placement_candidates
from demo_solvers.planning.transit import plan_transit, raise_tool
from demo_solvers.program import SkillCall
from pipeline.core import poses
from pipeline.core.world import Bools

WAYPOINTS = 6
LOWER_SPEED, RETREAT_SPEED = 0.25, 0.4  # m/s at the peak
CARRY_EFFORT = 0.5  # of the robot's limits, gentler with something in the hand


def place(ex: Execution, call: SkillCall, following: SkillCall | None) -> None:
    """Put the held ``call.body`` where ``call.relations`` ask for."""
    ex.begin(f"carry {call.body}")
    _check_held(ex, call.body)
    tool, q_above, found = _choose(ex, call)
    lost = np.flatnonzero(ex.alive & ~found)
    ex.fail(lost, "ik_failed", expected=f"a reachable, free pose for '{call}'", seen="none among the candidates")
    held = held_spheres(ex.state().layout.geometry[call.body], ex.T_tool_held)
    model = CollisionModel(ex.arm, ex.state())
    path, ok = plan_transit(ex, q_above, model, ignore=(call.body,), held=held)
    ex.fail(
        np.flatnonzero(ex.alive & ~ok), "path_in_collision", expected="a free path while carrying", seen="none found"
    )
    ex.move(path, effort=CARRY_EFFORT)
    _check_held(ex, call.body)
    _lower(ex, call, tool, q_above)
    _release(ex, call, tool)


def _check_held(ex: Execution, body: str) -> None:
    state = ex.state()
    expected = poses.compose(state.tcp, ex.T_tool_held)
    slip = np.linalg.norm(expected[:, :3] - state.body(body)[:, :3], axis=1)
    lost = np.flatnonzero(ex.alive & (slip > 0.04))
    ex.fail(lost, "grasp_slipped", expected=f"{body} still in the gripper", seen="it slipped", amount=slip[lost])
    ex.note_held(body)


def _lower(ex: Execution, call: SkillCall, tool: Array, q_above: Array) -> None:
    ex.begin(f"{call}: lower")
    down = [raise_tool(tool, STANDOFF * (1 - i / WAYPOINTS)) for i in range(1, WAYPOINTS + 1)]
    path, ok = ex.arm.follow(ex.to_base(np.stack(down, axis=1), np.arange(len(ex.q))), q_above)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected="a straight way down", seen="the arm cannot")
    ex.line(path, speed=LOWER_SPEED, length=STANDOFF)
    ex.wait(0.2)


def _release(ex: Execution, call: SkillCall, tool: Array) -> None:
    ex.begin(f"{call}: release")
    measured = ex.state().qpos[:, ex.robot.width_column].astype(float)
    ex.grip(np.minimum(measured + OPENING, ex.robot.gripper.max_width), 0.3)
    ex.begin(f"{call}: retreat")
    path, ok = ex.arm.follow(ex.to_base(withdrawal(tool), np.arange(len(ex.q))), ex.q)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected="a straight retreat", seen="the arm cannot")
    ex.line(path, speed=RETREAT_SPEED, length=STANDOFF)
    if call.post is not None:
        ex.wait(0.15)
        ex.require(call.post, "place_missed")


def _choose(ex: Execution, call: SkillCall) -> tuple[Array, Array, Bools]:
    """Tool pose (batch, 7), joints above it (batch, n), and who found one; the first option that works."""
    targets = placement_candidates(ex.state(), call.body, call.relations)
    tool = np.array(ex.state().tcp, float)
    above, found = ex.q.copy(), np.zeros(len(ex.q), bool)
    model = CollisionModel(ex.arm, ex.state())
    held = held_spheres(ex.state().layout.geometry[call.body], ex.T_tool_held)
    anchors = tuple(r.anchor for r in call.relations)
    for option in range(targets.shape[1]):
        rows = np.flatnonzero(ex.alive & ~found)
        if not len(rows):
            break
        wanted = poses.compose(targets[rows, option], poses.inverse(ex.T_tool_held[rows]))
        low = ex.arm.ik(ex.to_base(wanted, rows), ex.q[rows], posture=ex.arm.home, iterations=30)
        high = ex.arm.ik(ex.to_base(raise_tool(wanted, STANDOFF), rows), low.q, posture=low.q, iterations=20)
        ok = low.ok & high.ok & model.free(low.q[:, None], rows, ignore=(call.body,))
        ok &= model.free(high.q[:, None], rows, ignore=(call.body,), held=held.of(rows))
        ok &= model.free(low.q[:, None], rows, ignore=(call.body, "table", *anchors), held=held.of(rows))
        tool[rows[ok]], above[rows[ok]] = wanted[ok], high.q[ok]
        found[rows[ok]] = True
    return tool, above, found
