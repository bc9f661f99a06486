"""The one rule from actions to joint targets, and the checks that every backend makes on its input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.core.errors import InvalidInputError
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec

Array = NDArray[np.float64]


def substep_targets(previous: ArrayLike, actions: ArrayLike, *, substeps: int) -> Array:
    """Targets (time, substeps, batch, dof) on the straight line from each action to the next.

    ``previous`` (batch, dof) precedes ``actions`` (time, batch, dof). The last substep of a control step is the action
    itself, exactly. The arithmetic is elementwise float64, so it depends neither on the batch nor on how a sequence of
    actions is cut into calls.
    """
    actions = np.asarray(actions, float)
    start = np.concatenate([np.asarray(previous, float)[None], actions[:-1]])[:, None]
    fraction = (np.arange(1, substeps + 1) / substeps)[:, None, None]
    targets = start + (actions[:, None] - start) * fraction
    targets[:, -1] = actions
    return targets


def clamp(robot: RobotSpec, actions: ArrayLike) -> Array:
    """Actions (..., dof) held within the joint limits [rad] and the gripper's stroke [m]."""
    lower, upper = limits(robot)
    return np.clip(np.asarray(actions, float), lower, upper)


def limits(robot: RobotSpec) -> tuple[Array, Array]:
    """Lower and upper bounds (dof,) of an action."""
    lower = [v for group in robot.arms for v in (*(joint.lower for joint in group.arm), 0.0)]
    upper = [v for group in robot.arms for v in (*(joint.upper for joint in group.arm), group.gripper.max_width)]
    return np.array(lower), np.array(upper)


def check_scenes(scenes: Sequence[SceneSpec]) -> None:
    """Raise :class:`InvalidInputError` unless the scenes can be stepped as one batch."""
    if not scenes:
        raise InvalidInputError("A batch needs at least one scene, got none.")
    keys = [scene.build_key for scene in scenes]
    odd = [row for row, key in enumerate(keys) if key != keys[0]]
    if odd:
        raise InvalidInputError(
            f"Scenes of rows {odd} differ from row 0 in more than poses, joints and seed; "
            "group scenes by SceneSpec.build_key and load each group on its own."
        )
    dof = scenes[0].robot.dof
    short = [row for row, scene in enumerate(scenes) if len(scene.robot_start) != dof]
    if short:
        raise InvalidInputError(
            f"robot_start of rows {short} must hold {dof} values (joints and gripper width of every arm)."
        )


def check_actions(actions: ArrayLike, *, batch: int, dof: int) -> NDArray[np.float32]:
    """The actions as float32 (time, batch, dof); raises :class:`InvalidInputError` on another shape or on NaN."""
    values = np.asarray(actions, np.float32)
    if values.ndim != 3 or values.shape[1:] != (batch, dof) or len(values) == 0:
        raise InvalidInputError(f"Actions must have shape (time >= 1, {batch}, {dof}), got {values.shape}.")
    if not np.isfinite(values).all():
        raise InvalidInputError(
            f"Actions hold NaN or infinity at (time, row, dof) {np.argwhere(~np.isfinite(values))[0]}."
        )
    return values


def check_put(rows: Sequence[int], scenes: Sequence[SceneSpec], *, batch: int, key: str) -> list[int]:
    """The rows; raises :class:`InvalidInputError` unless each gets one scene that the build with ``key`` can hold."""
    chosen = check_rows(rows, batch=batch)
    if len(chosen) != len(scenes) or len(set(chosen)) != len(chosen):
        raise InvalidInputError(f"{len(scenes)} scenes for rows {chosen}: give each row once, with one scene.")
    if scenes:
        check_scenes(scenes)
        if scenes[0].build_key != key:
            raise InvalidInputError(
                "The scenes differ from the loaded ones in more than poses, joints and seed; load them instead."
            )
    return chosen


def check_rows(rows: Sequence[int] | None, *, batch: int) -> list[int]:
    """The rows asked for, default all; raises :class:`InvalidInputError` for one that does not exist."""
    chosen = list(range(batch)) if rows is None else [int(row) for row in rows]
    wrong = [row for row in chosen if not 0 <= row < batch]
    if wrong:
        raise InvalidInputError(f"Rows {wrong} do not exist; the loaded batch has rows 0 to {batch - 1}.")
    return chosen
