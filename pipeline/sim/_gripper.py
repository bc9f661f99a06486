"""From actions to joint positions and back: the one place that knows how a gripper's width moves its joints."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.robot import Gripper, RobotSpec

Array = NDArray[np.float64]


def driven_joints(robot: RobotSpec) -> tuple[str, ...]:
    """MJCF joints with a servo, arm by arm: its joints, then its gripper's. The order of :func:`joint_targets`."""
    return tuple(name for g in robot.arms for name in (*(j.name for j in g.arm), *g.gripper.joints))


def linked_joints(robot: RobotSpec) -> tuple[str, ...]:
    """MJCF joints that the model's constraints move, arm by arm. The order of :func:`linked_positions`."""
    return tuple(name for g in robot.arms for name in g.gripper.linked)


def gains(robot: RobotSpec) -> tuple[Array, Array, Array]:
    """kp, kv and largest force (joints,) of :func:`driven_joints`."""
    rows = list[tuple[float, float, float]]()
    for group in robot.arms:
        rows += [(joint.kp, joint.kv, joint.max_force) for joint in group.arm]
        rows += [(group.gripper.kp, group.gripper.kv, group.gripper.max_force)] * len(group.gripper.joints)
    kp, kv, force = np.array(rows).T
    return kp, kv, force


def spans(robot: RobotSpec) -> Array:
    """Lowest and highest target (joints, 2) of :func:`driven_joints`."""
    rows = list[tuple[float, float]]()
    for group in robot.arms:
        rows += [(joint.lower, joint.upper) for joint in group.arm]
        ends = finger_positions(group.gripper, np.array([[0.0], [group.gripper.max_width]]))
        rows += [(float(low), float(high)) for low, high in np.sort(ends[:, : len(group.gripper.joints)].T, axis=1)]
    return np.array(rows)


def joint_targets(robot: RobotSpec, actions: ArrayLike) -> Array:
    """Positions (..., joints) of :func:`driven_joints` for actions (..., dof)."""
    parts, column, actions = list[Array](), 0, np.asarray(actions, float)
    for group in robot.arms:
        width = column + len(group.arm)
        parts.append(actions[..., column:width])
        parts.append(finger_positions(group.gripper, actions[..., width : width + 1])[..., : len(group.gripper.joints)])
        column = width + 1
    return np.concatenate(parts, axis=-1)


def linked_positions(robot: RobotSpec, actions: ArrayLike) -> Array:
    """Positions (..., joints) of :func:`linked_joints` for actions (..., dof)."""
    parts, column, actions = list[Array](), 0, np.asarray(actions, float)
    for group in robot.arms:
        width = column + len(group.arm)
        parts.append(finger_positions(group.gripper, actions[..., width : width + 1])[..., len(group.gripper.joints) :])
        column = width + 1
    return np.concatenate(parts, axis=-1)


def measured(robot: RobotSpec, positions: NDArray[np.floating]) -> NDArray[np.floating]:
    """Joint positions and widths (..., dof) from the positions (..., joints) of :func:`driven_joints`."""
    return _folded(robot, positions, positions)


def measured_rates(
    robot: RobotSpec, positions: NDArray[np.floating], velocities: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Joint velocities and rates of width (..., dof) at ``positions``; both (..., joints) of :func:`driven_joints`."""
    return _folded(robot, positions, velocities, rates=True)


def finger_positions(gripper: Gripper, width: Array) -> Array:
    """Positions (..., driven + linked) at widths (..., 1) m."""
    if not gripper.travel:
        return np.repeat(width / 2, len(gripper.joints), axis=-1)
    knots = np.linspace(0.0, gripper.max_width, len(gripper.travel[0]))
    return np.concatenate([np.interp(width, knots, along) for along in gripper.travel], axis=-1)


def _folded(
    robot: RobotSpec, positions: NDArray[np.floating], values: NDArray[np.floating], *, rates: bool = False
) -> NDArray[np.floating]:
    parts, column = list[NDArray[np.floating]](), 0
    for group in robot.arms:
        fingers = column + len(group.arm)
        end = fingers + len(group.gripper.joints)
        parts.append(values[..., column:fingers])
        parts.append(_opening(group.gripper, positions[..., fingers:end], values[..., fingers:end], rates=rates))
        column = end
    return np.concatenate(parts, axis=-1)


def _opening(
    gripper: Gripper, positions: NDArray[np.floating], values: NDArray[np.floating], *, rates: bool
) -> NDArray[np.floating]:
    """Width (..., 1), or its rate, as the mean over the driven joints (..., joints)."""
    count = len(gripper.joints)
    if not gripper.travel:
        return values.sum(axis=-1, keepdims=True) * (2.0 / count)
    widths = [
        _rate(gripper, gripper.travel[i], positions[..., i], values[..., i])
        if rates
        else _width(gripper, gripper.travel[i], values[..., i])
        for i in range(count)
    ]
    return (np.sum(widths, axis=0) / count)[..., None].astype(values.dtype)


def _width(gripper: Gripper, along: tuple[float, ...], position: NDArray[np.floating]) -> Array:
    """Width at a joint's position; beyond the ends of its travel the end's slope goes on, so that errors show."""
    knots, at = np.linspace(0.0, gripper.max_width, len(along)), np.array(along)
    i = _piece(at, position)
    return knots[i] + (position - at[i]) * (knots[i + 1] - knots[i]) / (at[i + 1] - at[i])


def _rate(
    gripper: Gripper, along: tuple[float, ...], position: NDArray[np.floating], velocity: NDArray[np.floating]
) -> Array:
    at = np.array(along)
    i = _piece(at, position)
    return velocity * (gripper.max_width / (len(along) - 1)) / (at[i + 1] - at[i])


def _piece(at: Array, position: NDArray[np.floating]) -> NDArray[np.intp]:
    """Index of the stretch of travel that a position lies in."""
    sign = 1.0 if at[-1] > at[0] else -1.0
    return np.clip(np.searchsorted(sign * at, sign * position, side="right") - 1, 0, len(at) - 2)
