"""Place: carry the held object above its place, lower it, release, retreat, and see whether it stayed."""

from __future__ import annotations

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.grasping.select import OPENING, STANDOFF, withdrawal
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel, held_spheres
from demo_solvers.planning.placement import SPATIAL, placement_candidates
from demo_solvers.planning.transit import plan_transit, raise_tool
from demo_solvers.skill import Number, Settings, Signature, declares
from pipeline.core import poses
from pipeline.core.program import Stage
from pipeline.core.world import Bools

WAYPOINTS = 6
LOWER_SPEED, RETREAT_SPEED = 0.25, 0.4  # m/s at the peak
CARRY_EFFORT = 0.5  # of the robot's limits, gentler with something in the hand


@declares(
    Signature(
        kind="release",
        summary="put the held body where the relations say, let go and retreat",
        parameters={
            "speed": Number(LOWER_SPEED, 0.03, 0.5, "m/s", "peak speed of the straight way down"),
            "effort": Number(CARRY_EFFORT, 0.1, 0.9, "of the robot's limits", "how fast it is carried"),
        },
        needs=("(holding {body})",),
        relations=SPATIAL,
    )
)
def place(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Put the held ``stage.body`` where ``stage.relations`` ask for."""
    settings = Settings(stage)
    ex.begin(f"carry {stage.body}")
    _check_held(ex, stage.body)
    tool, q_above, found = _choose(ex, stage)
    lost = np.flatnonzero(ex.alive & ~found)
    ex.fail(lost, "ik_failed", expected=f"a reachable, free pose for '{stage}'", seen="none among the candidates")
    held = held_spheres(ex.state().layout.geometry[stage.body], ex.T_tool_held)
    model = CollisionModel(ex.arm, ex.state())
    path, ok = plan_transit(ex, q_above, model, ignore=(stage.body,), held=held)
    ex.fail(
        np.flatnonzero(ex.alive & ~ok), "path_in_collision", expected="a free path while carrying", seen="none found"
    )
    ex.move(path, effort=settings.number("effort"))
    _check_held(ex, stage.body)
    _lower(ex, stage, tool, q_above, speed=settings.number("speed"))
    _release(ex, stage, tool)


def _check_held(ex: Execution, body: str) -> None:
    state = ex.state()
    expected = poses.compose(state.tcp, ex.T_tool_held)
    slip = np.linalg.norm(expected[:, :3] - state.body(body)[:, :3], axis=1)
    lost = np.flatnonzero(ex.alive & (slip > 0.04))
    ex.fail(lost, "grasp_slipped", expected=f"{body} still in the gripper", seen="it slipped", amount=slip[lost])
    ex.note_held(body)


def _lower(ex: Execution, stage: Stage, tool: Array, q_above: Array, *, speed: float) -> None:
    ex.begin(f"{stage}: lower")
    down = [raise_tool(tool, STANDOFF * (1 - i / WAYPOINTS)) for i in range(1, WAYPOINTS + 1)]
    path, ok = ex.arm.follow(ex.to_base(np.stack(down, axis=1), np.arange(len(ex.q))), q_above)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected="a straight way down", seen="the arm cannot")
    ex.line(path, speed=speed, length=STANDOFF)
    ex.wait(0.2)


def _release(ex: Execution, stage: Stage, tool: Array) -> None:
    ex.begin(f"{stage}: release")
    measured = ex.state().qpos[:, ex.robot.width_column].astype(float)
    ex.grip(np.minimum(measured + OPENING, ex.robot.gripper.max_width), 0.3)
    ex.begin(f"{stage}: retreat")
    path, ok = ex.arm.follow(ex.to_base(withdrawal(tool), np.arange(len(ex.q))), ex.q)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected="a straight retreat", seen="the arm cannot")
    ex.line(path, speed=RETREAT_SPEED, length=STANDOFF)
    if stage.post is not None:
        ex.wait(0.15)
        ex.require(stage.post, "place_missed")


def _choose(ex: Execution, stage: Stage) -> tuple[Array, Array, Bools]:
    """Tool pose (batch, 7), joints above it (batch, n), and who found one; the first option that works."""
    targets = placement_candidates(ex.state(), stage.body, stage.relations)
    tool = np.array(ex.state().tcp, float)
    above, found = ex.q.copy(), np.zeros(len(ex.q), bool)
    model = CollisionModel(ex.arm, ex.state())
    held = held_spheres(ex.state().layout.geometry[stage.body], ex.T_tool_held)
    anchors = tuple(r.anchor for r in stage.relations)
    for option in range(targets.shape[1]):
        rows = np.flatnonzero(ex.alive & ~found)
        if not len(rows):
            break
        wanted = poses.compose(targets[rows, option], poses.inverse(ex.T_tool_held[rows]))
        low = ex.arm.ik(ex.to_base(wanted, rows), ex.q[rows], posture=ex.arm.home, iterations=30)
        high = ex.arm.ik(ex.to_base(raise_tool(wanted, STANDOFF), rows), low.q, posture=low.q, iterations=20)
        ok = low.ok & high.ok & model.free(low.q[:, None], rows, ignore=(stage.body,))
        ok &= model.free(high.q[:, None], rows, ignore=(stage.body,), held=held.of(rows))
        ok &= model.free(low.q[:, None], rows, ignore=(stage.body, "table", *anchors), held=held.of(rows))
        tool[rows[ok]], above[rows[ok]] = wanted[ok], high.q[ok]
        found[rows[ok]] = True
    return tool, above, found
