"""Wipe: sweep a small body along the table into a region, in straight strokes of the fingertips close to the table."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Array
from demo_solvers.planning.spots import table_height
from demo_solvers.skill import Number, Settings, Signature, declares
from demo_solvers.skills._carry import DOWN, go
from pipeline.core import poses
from pipeline.core.program import Stage
from pipeline.core.world import Bools
from pipeline.predicates.within import within

BEHIND, ABOVE = 0.04, 0.1  # m behind the body at which a stroke begins, and above the table on the way there
HEIGHT, GAP = 0.006, 0.03  # m of the fingertips above the table, and between them
SPEED, LOWER_SPEED, LIFT_SPEED = 0.1, 0.15, 0.25  # m/s at the peak
STROKES = 3
POINTS = 8  # waypoints of a straight line


@declares(
    Signature(
        kind="contact",
        summary="sweep a small body into a region with the fingertips along the table",
        parameters={
            "height": Number(HEIGHT, 0.002, 0.03, "m", "of the fingertips above the table"),
            "gap": Number(GAP, 0.0, 0.08, "m", "between the two fingertips"),
            "overshoot": Number(0.0, -0.05, 0.05, "m", "how far beyond the region's middle a stroke goes"),
            "strokes": Number(STROKES, 1.0, 5.0, "strokes", "how many are made at most"),
            "speed": Number(SPEED, 0.02, 0.3, "m/s", "peak speed of a stroke"),
        },
        needs=("(not (holding {body}))",),
        relations=("within",),
    )
)
def wipe(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Sweep ``stage.body`` to the middle of the region that its relation names; rows that are done stand still."""
    settings, region = Settings(stage), stage.relations[0].anchor
    everyone = ex.alive.copy()
    for _ in range(round(settings.number("strokes"))):
        ex.alive = _sound(ex, everyone) & ~within(ex.state(), stage.body, region)
        if not ex.alive.any():
            break
        _stroke(ex, stage, settings)
    ex.alive = _sound(ex, everyone)
    missed = np.flatnonzero(ex.alive & ~within(ex.state(), stage.body, region))
    left = np.linalg.norm(_goal(ex, region)[missed] - _centre(ex, stage.body)[missed], axis=1)
    seen = [f"{d:.3f} m from its middle" for d in left]
    expected, bodies = f"{stage.body} within {region}", (stage.body, region)
    ex.fail(missed, "wipe_missed", expected=expected, seen=seen, amount=left, bodies=bodies)


def _stroke(ex: Execution, stage: Stage, settings: Settings) -> None:
    """From behind the body towards the region's middle, and up again."""
    ex.begin(f"{stage}: reach")
    centre, goal = _centre(ex, stage.body), _goal(ex, stage.relations[0].anchor)
    way = goal - centre
    ahead = way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
    half = np.array(ex.state().layout.geometry[stage.body].bounds.half)
    radius = float(np.linalg.norm(half[:2])) + ex.robot.gripper.pad_half[0]
    begin, end = centre - (radius + BEHIND) * ahead, goal + (settings.number("overshoot") - half[:2].min()) * ahead
    low = table_height(ex.state()) + ex.robot.gripper.finger_depth + settings.number("height")
    tools = _facing(begin, ahead, low)
    raised = tools.copy()
    raised[..., 2] += ABOVE
    width = np.full(len(centre), min(settings.number("gap"), ex.robot.gripper.max_width))
    stops = tools.copy()
    stops[..., :2] = end[:, None]

    def whole(rows: NDArray[np.intp], option: NDArray[np.intp], q: Array) -> Bools:
        corners = [ex.to_base(part[rows, option], rows) for part in (raised, tools, stops)]
        way = np.concatenate([_between(a, b) for a, b in itertools.pairwise(corners)], axis=1)
        return ex.arm.follow(way, q)[1]

    chosen = go(ex, raised, carried=None, effort=0.6, wanted=f"the hand behind {stage.body}", further=whole)
    start = tools[np.arange(len(tools)), chosen]
    ex.grip(width, 0.2)
    _line(ex, start, speed=LOWER_SPEED, what="a straight way down")
    ex.begin(str(stage))
    stop = start.copy()
    stop[:, :2] = end
    _line(ex, stop, speed=settings.number("speed"), what="a straight stroke")
    ex.begin(f"{stage}: leave")
    stop[:, 2] += ABOVE
    _line(ex, stop, speed=LIFT_SPEED, what="a straight way up")


def _line(ex: Execution, tool: Array, *, speed: float, what: str) -> None:
    """Move the tool straight from where it is commanded to ``tool`` (batch, 7), world frame, keeping that attitude."""
    rows = np.arange(len(tool))
    goal, here = ex.to_base(tool, rows), ex.arm.tool_pose(ex.q)
    path, ok = ex.arm.follow(_between(here, goal), ex.q)
    ex.fail(np.flatnonzero(ex.alive & ~ok), "ik_failed", expected=what, seen="the arm cannot")
    length = np.linalg.norm((goal - here)[ex.alive, :3], axis=1).max(initial=0.01)
    ex.line(path, speed=speed, length=float(length))


def _between(start: Array, end: Array) -> Array:
    """Poses (batch, POINTS, 7) on the straight line to ``end`` (batch, 7), in its attitude."""
    share = (np.arange(1, POINTS + 1) / POINTS)[None, :, None]
    return poses.pose(start[:, None, :3] + share * (end - start)[:, None, :3], end[:, None, 3:])


def _facing(point: Array, ahead: Array, height: float | Array) -> Array:
    """Downward tools (batch, 2, 7) over points (batch, 2) whose fingers stand across the way, either way round."""
    yaw = np.arctan2(ahead[:, 1], ahead[:, 0])[:, None] + np.array([0.0, np.pi])
    at = np.concatenate([point, np.broadcast_to(height, (len(point),))[:, None]], axis=1)
    return poses.pose(at[:, None], poses.quat_multiply(poses.quat_from_yaw(yaw), np.array(DOWN)))


def _centre(ex: Execution, body: str) -> Array:
    state = ex.state()
    return poses.compose(state.body(body).astype(float), state.layout.geometry[body].bounds.pose)[:, :2]


def _goal(ex: Execution, region: str) -> Array:
    state = ex.state()
    shape = state.layout.geometry[region]
    return poses.compose(state.body(region).astype(float), (shape.cavity or shape.bounds).pose)[:, :2]


def _sound(ex: Execution, rows: np.ndarray) -> np.ndarray:
    """Those of ``rows`` (batch,) that have not failed."""
    return rows & np.array([d.cause == "none" for d in ex.diagnoses])
