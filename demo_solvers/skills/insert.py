"""Insert: put the held body into a tight opening, or over a peg, feeling for the way in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.grasping.select import OPENING, withdrawal
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel, held_spheres
from demo_solvers.planning.fitting import Way, way_in
from demo_solvers.planning.transit import plan_transit
from demo_solvers.skill import Number, Settings, Signature, declares
from pipeline.core import poses
from pipeline.core.program import Stage
from pipeline.core.world import Bools
from pipeline.predicates._fits import Fit, fit

HOVER = 0.05  # m before the mouth, where the body is brought without contact
CLOSE = 0.010  # m before it, where somebody else goes on
PROBE = 0.008  # m beyond the mouth: what gets so far is in
YIELD = 0.004  # m by which the tip may lag behind: more is resistance
CLEAR = 0.004  # m before the mouth, where a body that met resistance is taken back to
SPEED, PROBE_SPEED, RETREAT_SPEED = 0.12, 0.05, 0.3  # m/s at the peak
TRIES, PITCH = 9, 0.0015  # offsets tried, and m by which the spiral grows with each
GOLDEN = np.pi * (3 - np.sqrt(5))  # rad between two offsets: no two on one line
DROPS = (0.002, 0.006, 0.010, 0.015, 0.020, 0.030)  # m before the seat where it is let go, the nearest that is free
LEFT = 0.012  # m of the way that may be left when it has been let go
WAYPOINTS = 8


@declares(
    Signature(
        kind="release",
        summary="put the held body into an opening or over a peg along its axis insert, let go and retreat",
        parameters={
            "speed": Number(SPEED, 0.02, 0.3, "m/s", "peak speed on the way in"),
            "search": Number(TRIES, 0.0, 30.0, "tries", "offsets tried along a spiral when it meets resistance"),
            "pitch": Number(PITCH, 0.0005, 0.005, "m", "how much wider the spiral gets with each try"),
            "effort": Number(0.5, 0.1, 0.9, "of the robot's limits", "how fast it is carried there"),
        },
        needs=("(holding {body})",),
        relations=("inserted",),
    )
)
def insert(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Put the held ``stage.body`` into the anchor of its relation; rows that do not get in are told how far."""
    settings, socket = Settings(stage), stage.relations[0].anchor
    ex.begin(f"carry {stage.body}")
    ex.note_held(stage.body)
    way = way_in(ex.state(), stage.body, socket)
    option = _bring(ex, stage, way, effort=settings.number("effort"))
    ex.begin(f"{stage}: feel")
    offset = _feel(ex, stage, option, tries=round(settings.number("search")), pitch=settings.number("pitch"))
    ex.begin(f"{stage}: in")
    way = way_in(ex.state(), stage.body, socket)
    last = _last(ex, stage, way, option)
    _slide(ex, way.before(option, last), offset, speed=settings.number("speed"))
    ex.wait(0.2)
    _let_go(ex, stage)
    ex.wait(0.15)
    _check(ex, stage, socket)
    if stage.post is not None:
        ex.require(stage.post, "insert_missed")


def bring(ex: Execution, stage: Stage) -> None:
    """Bring the held body close before the mouth of its socket, where whoever is to put it in may go on."""
    ex.begin(f"carry {stage.body}")
    ex.note_held(stage.body)
    way = way_in(ex.state(), stage.body, stage.relations[0].anchor)
    option = _bring(ex, stage, way, effort=0.5)
    _slide(ex, way.before(option, way.length + CLOSE), np.zeros((len(option), 3)), speed=PROBE_SPEED)


def _last(ex: Execution, stage: Stage, way: Way, option: NDArray[np.intp]) -> Array:
    """How far before the seat (batch,) m the body is let go: as near as the hand gets without touching anything."""
    rows = np.arange(len(ex.q))
    last, found = np.full(len(rows), DROPS[-1]), np.zeros(len(rows), bool)
    model = CollisionModel(ex.arm, ex.state())
    for drop in DROPS:
        tool = _tool(ex, way.before(option, np.full(len(rows), drop)))
        at = ex.arm.ik(ex.to_base(tool, rows), ex.q, iterations=30)
        ok = ~found & at.ok & model.free(at.q[:, None], rows, ignore=(stage.body,))
        last[ok], found[ok] = drop, True
    return last


def _bring(ex: Execution, stage: Stage, way: Way, *, effort: float) -> NDArray[np.intp]:
    """Bring the body before the mouth the way round that the arm reaches; returns which (batch,)."""
    option, above, found = _choose(ex, stage, way)
    lost = np.flatnonzero(ex.alive & ~found)
    ex.fail(lost, "ik_failed", expected=f"a reachable, free way to '{stage}'", seen="none of the ways round")
    held = held_spheres(ex.state().layout.geometry[stage.body], ex.T_tool_held)
    path, ok = plan_transit(ex, above, CollisionModel(ex.arm, ex.state()), ignore=(stage.body,), held=held)
    lost = np.flatnonzero(ex.alive & ~ok)
    ex.fail(lost, "path_in_collision", expected="a free path while carrying", seen="none found")
    ex.move(path, effort=effort)
    ex.wait(0.2)
    ex.note_held(stage.body)
    return option


def _choose(ex: Execution, stage: Stage, way: Way) -> tuple[NDArray[np.intp], Array, Bools]:
    """The way round (batch,), joints before the mouth (batch, n), and who found one."""
    batch = len(ex.q)
    chosen, above, found = np.zeros(batch, np.intp), ex.q.copy(), np.zeros(batch, bool)
    model = CollisionModel(ex.arm, ex.state())
    away = np.abs(_angles(ex.state().body(stage.body)[:, None, 3:].astype(float), way.seated[..., 3:]))
    order = np.argsort(away, axis=1, kind="stable")
    for rank in range(order.shape[1]):
        rows = np.flatnonzero(ex.alive & ~found)
        if not len(rows):
            break
        option = order[:, rank]
        low = _tool(ex, way.before(option, np.zeros(batch)))[rows]
        high = _tool(ex, way.before(option, way.length + HOVER))[rows]
        at = ex.arm.ik(ex.to_base(low, rows), ex.q[rows], posture=ex.arm.home, iterations=40)
        before = ex.arm.ik(ex.to_base(high, rows), at.q, posture=at.q, iterations=30)
        ignore = (stage.body, stage.relations[0].anchor)
        ok = at.ok & before.ok & model.free(before.q[:, None], rows, ignore=(stage.body,))
        ok &= model.free(at.q[:, None], rows, ignore=ignore)
        chosen[rows[ok]], above[rows[ok]], found[rows[ok]] = option[rows][ok], before.q[ok], True
    return chosen, above, found


def _feel(ex: Execution, stage: Stage, option: NDArray[np.intp], *, tries: int, pitch: float) -> Array:
    """Lower the tip a little beyond the mouth, with wider offsets where it meets resistance; returns them (batch, 3).

    A body that has moved in the hand is measured anew before every try, and so is the socket, which may have moved.
    """
    socket, batch = stage.relations[0].anchor, len(ex.q)
    offset, entered = np.zeros((batch, 3)), np.zeros(batch, bool)
    for turn in range(tries + 1):
        way = way_in(ex.state(), stage.body, socket)
        offset[~entered] = _spiral(way.into, turn, pitch)[~entered]
        ex.note_held(stage.body)
        _slide(ex, way.before(option, way.length + CLEAR), offset, speed=PROBE_SPEED, still=entered)
        depth = np.maximum(way.length - PROBE, 0.0)
        _slide(ex, way.before(option, depth), offset, speed=PROBE_SPEED, still=entered)
        entered |= _fit(ex, stage.body, socket).short <= depth + YIELD
        if (entered | ~ex.alive).all():
            return offset
    found = _fit(ex, stage.body, socket)
    out = np.flatnonzero(ex.alive & ~entered)
    seen = [f"it met resistance {1000 * found.aside[i]:.1f} mm aside, {tries + 1} times" for i in out]
    ex.fail(
        out, "insert_missed", expected=f"{stage.body} past the mouth of {socket}", seen=seen, amount=found.short[out],
        bodies=(stage.body, socket),
    )  # fmt: skip
    return offset


def _slide(ex: Execution, body: Array, offset: Array, *, speed: float, still: Bools | None = None) -> None:
    """Move the body (batch, 7) in a straight line; rows that are ``still`` stay, those that cannot are failed."""
    goal = _tool(ex, poses.pose(body[:, :3] + offset, body[:, 3:]))
    start = ex.arm.tool_pose(ex.q)
    goal_base = ex.to_base(goal, np.arange(len(ex.q)))
    shares = np.arange(1, WAYPOINTS + 1)[:, None] / WAYPOINTS
    between = start[:, None, :3] + shares * (goal_base[:, None, :3] - start[:, None, :3])
    path, ok = ex.arm.follow(poses.pose(between, np.repeat(goal_base[:, None, 3:], WAYPOINTS, 1)), ex.q)
    moving = ex.alive if still is None else ex.alive & ~still
    ex.fail(np.flatnonzero(moving & ~ok), "ik_failed", expected="a straight way in", seen="the arm cannot")
    path[~moving] = ex.q[~moving, None]
    length = np.linalg.norm(goal_base[:, :3] - start[:, :3], axis=1)
    ex.line(path, speed=speed, length=float(length[moving].max(initial=0.0)))


def _check(ex: Execution, stage: Stage, socket: str) -> None:
    found = _fit(ex, stage.body, socket)
    out = np.flatnonzero(ex.alive & (found.short > LEFT))
    seen = [f"{1000 * found.short[i]:.0f} mm short, {1000 * found.aside[i]:.1f} mm aside" for i in out]
    ex.fail(
        out, "insert_missed", expected=f"{stage.body} all the way in {socket}", seen=seen, amount=found.short[out],
        bodies=(stage.body, socket),
    )  # fmt: skip


def _let_go(ex: Execution, stage: Stage) -> None:
    ex.begin(f"{stage}: release")
    measured = ex.state().qpos[:, ex.robot.width_column].astype(float)
    ex.grip(np.minimum(measured + OPENING, ex.robot.gripper.max_width), 0.3)
    ex.begin(f"{stage}: retreat")
    back = withdrawal(ex.arm.tool_pose(ex.q))
    path, ok = ex.arm.follow(back, ex.q)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected="a straight retreat", seen="the arm cannot")
    ex.line(path, speed=RETREAT_SPEED, length=HOVER)


def _fit(ex: Execution, body: str, socket: str) -> Fit:
    found = fit(ex.state(), body, socket)
    assert found is not None, "way_in has refused bodies without fitting points"
    return found


def _tool(ex: Execution, body: Array) -> Array:
    """Tool poses (batch, 7) that put the held body at ``body`` (batch, 7), world frame."""
    return poses.compose(body, poses.inverse(ex.T_tool_held))


def _spiral(into: Array, turn: int, pitch: float) -> Array:
    """Offset (batch, 3) of try ``turn`` across the way in: the points of a sunflower, none for the first."""
    first = np.cross(into, np.where(np.abs(into[:, :1]) < 0.9, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(into, first)
    radius, angle = pitch * np.sqrt(turn), turn * GOLDEN
    return radius * (np.cos(angle) * first + np.sin(angle) * second)


def _angles(a: Array, b: Array) -> Array:
    """Angle [rad] between orientations (..., 4)."""
    return 2 * np.arccos(np.clip(np.abs((a * b).sum(axis=-1)), 0.0, 1.0))
