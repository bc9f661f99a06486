"""Move: bring the held body, or the empty hand, over another body or to a pose."""

from __future__ import annotations

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Array
from demo_solvers.skill import Number, Settings, Signature, declares
from demo_solvers.skills._carry import DOWN, check_held, go, is_carried, turned
from pipeline.core import poses
from pipeline.core.program import Stage

TURNS = 8  # headings that are tried
HEIGHT = 0.1  # m
EFFORT = 0.5  # of the robot's limits
NEAR = 0.02  # m from where it was sent at which it counts as there


@declares(
    Signature(
        kind="free",
        summary="bring the held body over an anchor or to its target; or the empty hand over a body that is not held",
        parameters={
            "height": Number(HEIGHT, 0.01, 0.4, "m", "between what is moved and the top or keypoint below it"),
            "shift_x": Number(0.0, -0.2, 0.2, "m", "off the middle, along the world's x"),
            "shift_y": Number(0.0, -0.2, 0.2, "m", "off the middle, along the world's y"),
            "effort": Number(EFFORT, 0.1, 0.9, "of the robot's limits", "how fast"),
        },
        relations=("above",),
    )
)
def move(ex: Execution, stage: Stage, following: Stage | None) -> None:
    """Carry ``stage.body`` above its relation's anchor or to its target; if it is not held, put the hand over it."""
    ex.begin(str(stage))
    carried = stage.body if stage.relations or stage.target or is_carried(ex, stage.body) else None
    if carried:
        check_held(ex, carried)
    places = _places(ex, stage, carried)
    tools = poses.compose(places, poses.inverse(ex.T_tool_held)[:, None]) if carried else places
    chosen = go(
        ex, tools, carried=carried, effort=Settings(stage).number("effort"), wanted=f"a reachable, free pose: {stage}"
    )
    if carried:
        check_held(ex, carried)
    off = np.linalg.norm(ex.tool[:, :3] - tools[np.arange(len(tools)), chosen, :3], axis=1)
    away = np.flatnonzero(ex.alive & (off > NEAR))
    seen = [f"{o:.3f} m away" for o in off[away]]
    ex.fail(away, "collision", expected="the hand where it was sent", seen=seen, amount=off[away])


def _places(ex: Execution, stage: Stage, carried: str | None) -> Array:
    """Poses (batch, k, 7) of the held body, or of the empty tool, to choose from."""
    state, batch = ex.state(), len(ex.alive)
    if stage.target is not None:
        pose = np.tile(np.array(stage.target.pose), (batch, 1))
        if stage.target.frame is not None:
            pose = poses.compose(state.body(stage.target.frame).astype(float), pose)
        return pose[:, None]
    point = _point(ex, stage, stage.relations[0].anchor if stage.relations else stage.body)
    if carried is None:
        return poses.pose(point[:, None], turned(np.tile(DOWN, (batch, 1)), TURNS))
    body = state.body(carried).astype(float)
    bounds = state.layout.geometry[carried].bounds
    middle = poses.compose(body, bounds.pose)[:, :3]
    corners = np.array(bounds.half) * (np.indices((2, 2, 2)).reshape(3, -1).T * 2 - 1)
    lowest = poses.transform_points(poses.compose(body, bounds.pose), corners)[..., 2].min(axis=1)
    quats = turned(body[:, 3:], TURNS)
    # The body turns about its own middle, which comes over the point; its lowest corner stays the height above.
    lever = body[:, :3] - middle
    turn = poses.quat_multiply(quats, poses.quat_conjugate(body[:, None, 3:]))
    centre = point + np.stack([np.zeros(batch), np.zeros(batch), middle[:, 2] - lowest], axis=-1)
    return poses.pose(centre[:, None] + poses.quat_rotate(turn, lever[:, None]), quats)


def _point(ex: Execution, stage: Stage, anchor: str) -> Array:
    """What to be over (batch, 3) m: the stage's keypoint of the anchor, else the middle of its top, and the height."""
    settings, state = Settings(stage), ex.state()
    geometry, body = state.layout.geometry[anchor], state.body(anchor).astype(float)
    if stage.keypoint is not None:
        point = poses.transform_points(body, np.array([geometry.keypoints[stage.keypoint]]))[:, 0]
    else:
        frame = poses.compose(body, geometry.bounds.pose)
        corners = np.array(geometry.bounds.half) * (np.indices((2, 2, 2)).reshape(3, -1).T * 2 - 1)
        point = frame[:, :3].copy()
        point[:, 2] = poses.transform_points(frame, corners)[..., 2].max(axis=1)
    return point + np.array([settings.number(name) for name in ("shift_x", "shift_y", "height")])
