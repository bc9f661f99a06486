"""What place and stack share: carry the held body above its place, lower it, let go and step back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.grasping.select import OPENING, withdrawal
from demo_solvers.planning.access import entry_into, moved, shift_of
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.cover import held_cover
from demo_solvers.planning.means import over
from demo_solvers.planning.offers import offers
from demo_solvers.planning.placement import HEADINGS, RELEASE, STANDOFF, Manner, Placements, mates, placements
from demo_solvers.planning.transit import go_free
from demo_solvers.skill import Choice, Number, Parameter, Settings
from pipeline.core import poses
from pipeline.core.program import Stage
from pipeline.core.world import Bools

WAYPOINTS = 6
BERTH = 0.006  # m that a carried body keeps from everything
CLEAR_OF_FINGERS = 0.05  # m that the hand goes back along its approach before it turns to the door
SLIPPED = 0.04  # m that the body may have moved in the hand


@dataclass(frozen=True)
class Pace:
    """How fast things are put down: peak speeds m/s, seconds of rest before and of letting go."""

    lower: float
    carry: float  # effort, of the robot's limits
    retreat: float
    rest: float
    release: float


def parameters(*, speed: float, effort: float, height: float = RELEASE) -> dict[str, Parameter]:
    """The declared parameters of a skill that puts a body down, with its own defaults for some."""
    return {
        "height": Number(height, 0.0, 0.15, "m", "how far above its support the body is let go"),
        "turn": Choice(tuple(HEADINGS), "degrees about the vertical from its present heading; any: whatever works"),
        "standoff": Number(STANDOFF, 0.03, 0.25, "m", "how far above its place the straight way down begins"),
        "shift_x": Number(0.0, -0.2, 0.2, "m", "off the place, along the x axis of the first relation's anchor"),
        "shift_y": Number(0.0, -0.2, 0.2, "m", "off the place, along the y axis of the first relation's anchor"),
        "speed": Number(speed, 0.03, 0.5, "m/s", "peak speed of the straight way down"),
        "effort": Number(effort, 0.1, 0.9, "of the robot's limits", "how fast it is carried"),
    }


def pace(stage: Stage, *, retreat: float, rest: float, release: float) -> Pace:
    """The pace that a stage asks for."""
    settings = Settings(stage)
    return Pace(settings.number("speed"), settings.number("effort"), retreat, rest, release)


def put(ex: Execution, stage: Stage, how: Pace, *, places: Placements | None = None) -> None:
    """Put the held ``stage.body`` where its relations or its target ask for, and check the stage's formula.

    ``places`` says where, where it is not the stage itself that says so.
    """
    ex.begin(f"carry {stage.body}")
    _check_held(ex, stage.body)
    manner = Manner.of(stage, ex.state(), ex.robot)
    choice = _choose(ex, stage, manner, places)
    lost = np.flatnonzero(ex.alive & ~choice.found)
    ex.fail(lost, "ik_failed", expected=f"a reachable, free pose for '{stage}'", seen="none among the candidates")
    held = held_cover(ex.state().layout.geometry[stage.body], ex.T_tool_held, margin=BERTH)
    model = CollisionModel(ex.arm, ex.state())
    path = go_free(ex, choice.above, model, expected="a free path while carrying", ignore=(stage.body,), held=held)
    ex.move(path, effort=how.carry)
    _check_held(ex, stage.body)
    _lower(ex, stage, choice, how)
    _release(ex, stage, choice.tool, how, manner)


def _check_held(ex: Execution, body: str) -> None:
    state = ex.state()
    expected = poses.compose(ex.tool, ex.T_tool_held)
    slip = np.linalg.norm(expected[:, :3] - state.body(body)[:, :3], axis=1)
    lost = np.flatnonzero(ex.alive & (slip > SLIPPED))
    ex.fail(
        lost, "grasp_slipped", expected=f"{body} still in the gripper", seen="it slipped", amount=slip[lost],
        bodies=(body,),
    )  # fmt: skip
    ex.note_held(body)


def _lower(ex: Execution, stage: Stage, choice: _Choice, how: Pace) -> None:
    ex.begin(f"{stage}: lower")
    path, ok = ex.arm.follow(ex.to_base(_way_down(choice.tool, choice.high), np.arange(len(ex.q))), choice.above)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected="a straight way down", seen="the arm cannot")
    fall = np.linalg.norm(choice.high[:, :3] - choice.tool[:, :3], axis=1)
    ex.line(path, speed=how.lower, length=float(fall.max()))
    ex.wait(how.rest)


def _way_down(tool: Array, high: Array) -> Array:
    """Tool poses (k, WAYPOINTS, 7) straight to ``tool`` (k, 7) from ``high`` (k, 7), excluded, turning as they go."""
    shift, turn = high[:, :3] - tool[:, :3], poses.quat_multiply(high[:, 3:], poses.quat_conjugate(tool[:, 3:]))
    share = 1 - np.arange(1, WAYPOINTS + 1)[:, None] / WAYPOINTS
    turned = poses.quat_from_rotvec(poses.quat_to_rotvec(turn)[:, None] * share)
    return poses.pose(tool[:, None, :3] + shift[:, None] * share, poses.quat_multiply(turned, tool[:, None, 3:]))


def _release(ex: Execution, stage: Stage, tool: Array, how: Pace, manner: Manner) -> None:
    ex.begin(f"{stage}: release")
    ex.grip(np.minimum(ex.measured_width + OPENING, ex.robot.gripper.max_width), how.release)
    ex.begin(f"{stage}: retreat")
    back = _away(ex, stage, tool, manner, np.arange(len(tool)))
    path, ok = ex.arm.follow(ex.to_base(back, np.arange(len(ex.q))), ex.q)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected="a straight retreat", seen="the arm cannot")
    ex.line(path, speed=how.retreat, length=float(np.linalg.norm(back[:, -1, :3] - tool[:, :3], axis=1).max()))
    if stage.post is not None:
        ex.wait(0.15)
        ex.require(stage.post, "place_missed")


def _away(ex: Execution, stage: Stage, tool: Array, manner: Manner, rows: NDArray[np.intp]) -> Array:
    """Tool poses (k, points, 7) away from what was let go: back along the approach, then out of the door if any.

    A hand that has turned aside on its way in would hook what stands between its fingers if it went straight out.
    """
    if entry_into(ex.state(), stage) is None:
        return withdrawal(tool, manner.standoff)
    back = withdrawal(tool, CLEAR_OF_FINGERS)
    shift = shift_of(ex.state(), stage, manner.standoff)(tool, rows)
    share = np.arange(1, WAYPOINTS + 1) / WAYPOINTS
    out = moved(np.repeat(back[:, -1:], WAYPOINTS, axis=1), shift[:, None] * share[:, None])
    return np.concatenate([back, out], axis=1)


def _choose(ex: Execution, stage: Stage, manner: Manner, places: Placements | None) -> _Choice:
    """The first option that works, for each row."""
    everyone = np.arange(len(ex.q))
    sharing = mates(ex.program, ex.number, stage)
    found = placements(ex.state(), stage, ex.robot, sharing) if places is None else places
    offered = offers(ex, stage, found, everyone, poses.inverse(ex.T_tool_held))
    choice = _Choice(ex.tool, ex.tool.copy(), ex.q.copy(), np.zeros(len(ex.q), bool))
    wide = np.minimum(ex.width + OPENING, ex.robot.gripper.max_width)
    # First with all the room that the fingers will want; then closer, from wherever the arm gets there.
    for model, search in (
        (CollisionModel(ex.arm, ex.state(), width=wide), False),
        (CollisionModel(ex.arm, ex.state()), True),
    ):
        for option in range(offered.ok.shape[1]):
            rows = np.flatnonzero(ex.alive & ~choice.found & offered.ok[:, option])
            if len(rows):
                _try(ex, stage, manner, choice, rows, offered.tool[rows, option], model, search=search)
    return choice


@dataclass(frozen=True, eq=False)
class _Choice:
    """Tool poses (batch, 7) at the release and above it, joints (batch, n) above it, and who has found them."""

    tool: Array
    high: Array
    above: Array
    found: Bools


def _try(
    ex: Execution,
    stage: Stage,
    manner: Manner,
    choice: _Choice,
    rows: NDArray[np.intp],
    wanted: Array,
    model: CollisionModel,
    *,
    search: bool,
) -> None:
    """Fill ``choice`` for those of ``rows`` in which the arm gets to ``wanted`` (k, 7) and nothing is in the way."""
    goal = ex.to_base(wanted, rows)
    low = ex.arm.ik_restarted(goal) if search else ex.arm.ik(goal, ex.q[rows], posture=ex.arm.home, iterations=30)
    shift = shift_of(ex.state(), stage, manner.standoff)(wanted, rows)
    above, high = over(ex, wanted, shift, rows, low.q)
    lowered = ex.arm.follow(ex.to_base(_way_down(wanted, above), rows), high.q)[1]
    away = ex.arm.follow(ex.to_base(_away(ex, stage, wanted, manner, rows), rows), low.q)[1]
    held = held_cover(ex.state().layout.geometry[stage.body], ex.T_tool_held)
    anchors = tuple(r.anchor for r in stage.relations)
    ok = low.ok & high.ok & lowered & away & model.free(low.q[:, None], rows, ignore=(stage.body,))
    ok &= model.free(high.q[:, None], rows, ignore=(stage.body,), held=held.of(rows))
    ok &= model.free(low.q[:, None], rows, ignore=(stage.body, "table", *anchors), held=held.of(rows))
    choice.tool[rows[ok]], choice.high[rows[ok]], choice.above[rows[ok]] = wanted[ok], above[ok], high.q[ok]
    choice.found[rows[ok]] = True
