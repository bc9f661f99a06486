"""Extract: grasp what sits in something and draw it out along the way it went in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.grasping.select import GraspChoice, choose_grasps, no_grasps
from demo_solvers.grasping.wish import GraspWish
from demo_solvers.planning.arm import Array
from demo_solvers.skill import Number, Settings, Signature, declares
from demo_solvers.skills.pick import pick, take
from pipeline.core import poses
from pipeline.core.program import Stage

WAYPOINTS = 8
DISTANCE, SPEED = 0.12, 0.15  # m; m/s at the peak: what is drawn fast takes its neighbours along
LOOK_UP = 0.03  # m
LOOKS = 8  # grasps a row that are looked at
ENOUGH = 0.5  # of the distance that the body has to come along


@declares(
    Signature(
        kind="grasp",
        summary="grasp a body that is in something and draw it out, against its axis insert",
        parameters={
            **pick.signature.parameters,
            "lift": Number(
                LOOK_UP, 0.0, 0.3, "m", "how far up a grasp has to allow for, so that it can be carried off"
            ),
            "distance": Number(DISTANCE, 0.02, 0.3, "m", "how far it is drawn out"),
            "speed": Number(SPEED, 0.03, 0.4, "m/s", "peak speed of the approach and of the drawing"),
        },
        needs=("(not (holding {body}))",),
        brings="(holding {body})",
    )
)
def extract(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Grasp ``stage.body`` and draw it out; rows that cannot or do not are failed with their reason."""
    settings, wish = Settings(stage), replace(GraspWish.of(stage, ex.robot), axis=None)
    distance, speed = settings.number("distance"), settings.number("speed")
    ex.begin(f"reach {stage.body}")
    choice = _choose(ex, stage, following, wish, distance)
    effort, squeeze = settings.number("effort"), settings.number("squeeze")
    take(ex, stage.body, choice, squeeze=squeeze, speed=speed, standoff=wish.standoff, effort=effort)
    ex.begin(f"{stage}: draw")
    way = _out(ex, stage.body)
    before = ex.state().body(stage.body)[:, :3].astype(float)
    path, ok = ex.arm.follow(ex.to_base(_drawn(choice.tool, way, distance), np.arange(len(ex.q))), ex.q)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected=f"draw by {distance:g} m", seen="the arm cannot")
    ex.line(path, speed=speed, length=distance)
    ex.wait(0.1)
    came = ((ex.state().body(stage.body)[:, :3] - before) * way).sum(axis=1)
    missed = np.flatnonzero(ex.alive & (came < ENOUGH * distance))
    seen = [f"it came {c:.3f} m" for c in came[missed]]
    ex.fail(missed, "grasp_missed", expected=f"{stage.body} drawn by {distance:g} m", seen=seen, amount=came[missed])
    ex.note_held(stage.body)


def _choose(ex: Execution, stage: Stage, following: Stage | None, wish: GraspWish, distance: float) -> GraspChoice:
    """The best grasp of each row with which the arm can also draw the body out, where it has one among the first."""
    way, alive, rows = _out(ex, stage.body), ex.alive.copy(), np.arange(len(ex.q))
    chosen, fits = no_grasps(ex), np.zeros(len(rows), bool)
    try:
        for skip in range(LOOKS):
            ex.alive = alive & ~fits
            if not ex.alive.any():
                break
            found = choose_grasps(ex, stage.body, following, replace(wish, skip=wish.skip + skip))
            path = ex.to_base(_drawn(found.tool, way, distance), rows)
            fits_now = found.found & ex.arm.follow(path, found.q_grasp)[1]
            take_over = np.flatnonzero(ex.alive & (fits_now | (found.found & ~chosen.found)))
            for name in ("q_before", "q_grasp", "tool", "width", "opening", "found"):
                getattr(chosen, name)[take_over] = getattr(found, name)[take_over]
            fits |= ex.alive & fits_now
    finally:
        ex.alive = alive
    return chosen


def _out(ex: Execution, body: str) -> Array:
    """The way out (batch, 3) in the world: against the card's axis ``insert``, or up where it has none."""
    axis = ex.state().layout.geometry[body].axes.get("insert")
    if axis is None:
        return np.tile((0.0, 0.0, 1.0), (len(ex.q), 1))
    return -poses.quat_rotate(ex.state().body(body)[:, 3:].astype(float), np.array(axis))


def _drawn(tool: Array, way: Array, distance: float) -> Array:
    """Tool poses (batch, WAYPOINTS, 7) from the grasp, excluded, along ``way`` (batch, 3)."""
    steps = distance * np.arange(1, WAYPOINTS + 1) / WAYPOINTS
    return poses.pose(tool[:, None, :3] + steps[:, None] * way[:, None], np.repeat(tool[:, None, 3:], WAYPOINTS, 1))
