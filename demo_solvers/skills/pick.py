"""Pick: reach, approach in a straight line, close, lift, and see whether the object came along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.grasping.select import LIFT, GraspChoice, choose_grasps, withdrawal
from demo_solvers.grasping.wish import APPROACHES, REGIONS, STANDOFF, GraspWish
from demo_solvers.planning.access import Entry, entry_around, moved
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.placement import places_body
from demo_solvers.planning.transit import go_free, raise_tool
from demo_solvers.skill import Choice, Number, Settings, Signature, declares
from demo_solvers.skills._regrasp import regrasp
from pipeline.core.program import Stage

WAYPOINTS = 6
SQUEEZE = (
    0.05  # m by which the commanded opening stays below the width: enough for the gripper to pull with all its force
)
APPROACH_SPEED = 0.3  # m/s at the peak
OFF_THE_FLOOR, OUT_POINTS = 0.012, 8  # m that what is drawn out of something is lifted; waypoints on the way
EFFORT = 0.65  # of the robot's limits, on the way there


@declares(
    Signature(
        kind="grasp",
        summary="grasp a body and lift it",
        parameters={
            "approach": Choice(APPROACHES, "where the hand comes from: straight down or from the side"),
            "region": Choice(REGIONS, "the part of the body that is grasped, in thirds of its height or by name"),
            "standoff": Number(STANDOFF, 0.03, 0.2, "m", "how far before the grasp the straight approach begins"),
            "depth": Number(0.0, -0.03, 0.03, "m", "how much deeper than annotated the body is grasped"),
            "skip": Number(0.0, 0.0, 20.0, "grasps", "how many of the best grasps that would do are left out"),
            "lift": Number(LIFT, 0.03, 0.3, "m", "how far it is lifted"),
            "squeeze": Number(SQUEEZE, 0.005, 0.08, "m", "how far the commanded opening stays below the width"),
            "speed": Number(APPROACH_SPEED, 0.05, 0.6, "m/s", "peak speed of the straight approach and of the lift"),
            "effort": Number(EFFORT, 0.1, 0.9, "of the robot's limits", "how fast the hand goes there"),
        },
        needs=("(not (holding {body}))",),
        brings="(holding {body})",
    )
)
def pick(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Grasp ``stage.body`` and lift it; rows that cannot or do not are failed with their reason."""
    wish = GraspWish.of(stage, ex.robot)
    entry = entry_around(ex.state(), stage.body)
    if entry is not None:
        wish = replace(wish, standoff=_way_out(ex, stage.body, entry), lift=OFF_THE_FLOOR)
    ex.begin(f"reach {stage.body}")
    choice = choose_grasps(ex, stage.body, following, wish)
    missing = ex.alive & ~choice.found
    if following is not None and places_body(following, stage.body) and missing.any():
        helped = regrasp(ex, stage.body, following, wish, missing, lambda other: _lift(ex, stage, other, wish, entry))
        if helped.any():
            ex.begin(f"reach {stage.body}")
            choice = choose_grasps(ex, stage.body, following, wish)
    lost = np.flatnonzero(ex.alive & ~choice.found)
    wanted = f"a reachable, free grasp of {stage.body}" + (f" ({wish})" if str(wish) else "")
    ex.fail(lost, "ik_failed", expected=wanted, seen="none among the candidates", bodies=(stage.body,))
    _lift(ex, stage, choice, wish, entry)


def _lift(ex: Execution, stage: Stage, choice: GraspChoice, wish: GraspWish, entry: Entry | None) -> None:
    """Take hold with the chosen grasps, lift, and fail the rows in which the body stayed behind."""
    settings = Settings(stage)
    lift, speed = wish.lift, settings.number("speed")
    effort, squeeze = settings.number("effort"), settings.number("squeeze")
    take(ex, stage.body, choice, squeeze=squeeze, speed=speed, standoff=wish.standoff, effort=effort)
    if entry is not None:
        _draw(ex, stage, choice, entry, speed=speed)
        return
    ex.begin(f"{stage}: lift")
    before = ex.state().body(stage.body)[:, 2].copy()
    path, ok = ex.arm.follow(ex.to_base(_raised(choice.tool, lift), np.arange(len(ex.q))), ex.q)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected=f"lift by {lift:g} m", seen="the arm cannot")
    ex.line(path, speed=speed, length=lift)
    ex.wait(0.1)
    rise = ex.state().body(stage.body)[:, 2] - before
    missed = np.flatnonzero(ex.alive & (rise < 0.5 * lift))
    seen = [f"it rose by {r:.3f} m" for r in rise[missed]]
    ex.fail(missed, "grasp_missed", expected=f"{stage.body} lifted by {lift:g} m", seen=seen, amount=rise[missed])
    ex.note_held(stage.body)


def take(
    ex: Execution,
    body: str,
    choice: GraspChoice,
    *,
    squeeze: float = SQUEEZE,
    speed: float = APPROACH_SPEED,
    standoff: float = STANDOFF,
    effort: float = EFFORT,
) -> None:
    """Go to the chosen grasps without collision and close the gripper."""
    lost = np.flatnonzero(ex.alive & ~choice.found)
    ex.fail(lost, "ik_failed", expected=f"a reachable, free grasp of {body}", seen="none among the candidates")
    # The approach is followed backwards from the grasp, so that it ends in just the joints the choice was checked for.
    back, ok = ex.arm.follow(ex.to_base(withdrawal(choice.tool, standoff), np.arange(len(ex.q))), choice.q_grasp)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected="a straight approach", seen="the arm cannot")
    model = CollisionModel(ex.arm, ex.state(), width=float(choice.opening.max()))
    path = go_free(ex, back[:, -1], model, expected=f"a free path to {body}")
    ex.move(path, width=choice.opening, effort=effort)
    ex.begin(f"grasp {body}")
    approach = np.concatenate([back[:, -2::-1], choice.q_grasp[:, None]], axis=1)
    ex.line(approach, speed=speed, length=standoff)
    ex.wait(0.2)
    ex.grip(np.maximum(choice.width - squeeze, 0.0), 0.4)


def _way_out(ex: Execution, body: str, entry: Entry) -> float:
    """How far (m) the hand has to come back from a body until both are out, in the row where that is farthest."""
    pose, rows = ex.state().body(body).astype(float), np.arange(len(ex.q))
    return float(np.linalg.norm(entry.shift(pose, rows, size=_radius(ex, body)), axis=1).max())


def _draw(ex: Execution, stage: Stage, choice: GraspChoice, entry: Entry, *, speed: float) -> None:
    """Lift the body off the floor of what it is in, and draw it out through the door."""
    ex.begin(f"{stage}: draw")
    rows, before = np.arange(len(ex.q)), ex.state().body(stage.body)[:, :3].astype(float)
    off = raise_tool(choice.tool, OFF_THE_FLOOR)
    shift = entry.shift(choice.tool, rows, size=_radius(ex, stage.body))
    share = np.arange(1, OUT_POINTS + 1) / OUT_POINTS
    out = moved(np.repeat(off[:, None], OUT_POINTS, axis=1), shift[:, None] * share[:, None])
    path, ok = ex.arm.follow(ex.to_base(np.concatenate([off[:, None], out], axis=1), rows), ex.q)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected="a straight way out", seen="the arm cannot")
    ex.line(path, speed=speed, length=float(np.linalg.norm(shift, axis=1).max()))
    ex.wait(0.1)
    came = ((ex.state().body(stage.body)[:, :3] - before) * entry.way).sum(axis=1)
    missed = np.flatnonzero(ex.alive & (came < 0.5 * np.linalg.norm(shift, axis=1)))
    seen = [f"it came {c:.3f} m" for c in came[missed]]
    ex.fail(missed, "grasp_missed", expected=f"{stage.body} drawn out", seen=seen, amount=came[missed])
    ex.note_held(stage.body)


def _radius(ex: Execution, body: str) -> float:
    return float(max(ex.state().layout.geometry[body].bounds.half[:2]))


def _raised(tool: Array, height: float) -> Array:
    return np.stack([raise_tool(tool, height * i / WAYPOINTS) for i in range(1, WAYPOINTS + 1)], axis=1)
