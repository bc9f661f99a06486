"""What an arm with five joints can do: put its tool anywhere, but approach in the vertical plane of its shoulder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Array
from pipeline.core import poses

SIX = 6  # joints that reach any pose
BEND = 0.5  # rad by which an approach is turned into the plane; further off it is left to fail
STEEP = 0.02  # of an approach that is level: less points straight down, which every plane holds
CORRECTIONS = 2
LARGEST_MISS = 0.2  # rad
UP = np.array([0.0, 0.0, 1.0])


def bent(ex: Execution, tool: Array, rows: NDArray[np.intp]) -> Array:
    """Tool poses (k, ..., 7) in worlds ``rows`` (k,), their approach turned into the arm's plane where it is near."""
    if len(ex.arm.home) >= SIX:
        return tool
    aside = np.cross(UP, _radial(ex, tool, rows))
    approach = poses.quat_rotate(tool[..., 3:], UP)
    off = (approach * aside).sum(-1, keepdims=True)
    wanted = approach - off * aside
    wanted = wanted / np.maximum(np.linalg.norm(wanted, axis=-1, keepdims=True), 1e-9)
    axis = np.cross(approach, wanted)
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    angle = np.arcsin(np.clip(sine, 0.0, 1.0))
    turned = poses.quat_multiply(poses.quat_from_rotvec(axis * angle / np.maximum(sine, 1e-9)), tool[..., 3:])
    tool = poses.pose(tool[..., :3], np.where(angle <= BEND, turned, tool[..., 3:]))
    for _ in range(CORRECTIONS):
        quat = poses.quat_from_yaw(_missing_turn(ex, tool, rows))
        tool = poses.pose(tool[..., :3], poses.quat_multiply(quat, tool[..., 3:]))
    return tool


def faced(ex: Execution, tool: Array, centre: Array, rows: NDArray[np.intp]) -> Array:
    """Tool poses (k, n, 7) turned about the vertical through ``centre`` (k, n, 3) until they lie in the arm's plane.

    What the hand holds turns with it, so that it stands as it should, if in another heading.
    """
    if len(ex.arm.home) >= SIX:
        return tool
    for turning in range(2 + CORRECTIONS):  # turning moves the hand, and with it the plane
        if turning < 2:
            radial, approach = _radial(ex, tool, rows), poses.quat_rotate(tool[..., 3:], UP)
            turn = np.arctan2(radial[..., 1], radial[..., 0]) - np.arctan2(approach[..., 1], approach[..., 0])
            turn = np.where(np.linalg.norm(approach[..., :2], axis=-1) < STEEP, 0.0, turn)
        else:
            turn = _missing_turn(ex, tool, rows)
        quat = poses.quat_from_yaw(turn)
        tool = poses.compose(poses.pose(centre - poses.quat_rotate(quat, centre), quat), tool)
    return tool


def _missing_turn(ex: Execution, tool: Array, rows: NDArray[np.intp]) -> Array:
    """Turn (k, ...) rad about the vertical that makes up for a tool's centre beside the axis of the arm's last joint.

    What the search falls short of sideways is the offset, for the given roll of the hand, between arm plane and tool.
    """
    shape = tool.shape[:-1]
    many = np.repeat(rows, int(np.prod(shape[1:])))
    found = ex.arm.ik_restarted(ex.to_base(tool.reshape(-1, 7), many))
    base = ex.state().body("robot").astype(float)[many]
    beside = poses.compose(base, ex.arm.tool_pose(found.q)).reshape(*shape, 7)[..., :3] - tool[..., :3]
    radial, away = _radial(ex, tool, rows), _away(ex, tool, rows)
    miss = (beside * np.cross(UP, radial)).sum(-1) / np.maximum(np.linalg.norm(away, axis=-1), 0.05)
    useful = ~found.ok.reshape(shape) & (np.abs(miss) < LARGEST_MISS)
    return np.where(useful, -miss, 0.0)


def _radial(ex: Execution, tool: Array, rows: NDArray[np.intp]) -> Array:
    """Level unit vectors (k, ..., 3) from the shoulder's axis to the tools."""
    away = _away(ex, tool, rows)
    return away / np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-9)


def _away(ex: Execution, tool: Array, rows: NDArray[np.intp]) -> Array:
    base = ex.state().body("robot").astype(float)[rows]
    shoulder = poses.transform_points(base, np.array([ex.arm.group.arm[0].origin[:3]]))[:, 0]
    away = tool[..., :3] - shoulder.reshape(len(rows), *[1] * (tool.ndim - 2), 3)
    return away * np.array([1.0, 1.0, 0.0])
