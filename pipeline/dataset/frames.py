"""An episode as the rows of ``data/``: one array a name, one row a control step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.camera import CameraSpec
from pipeline.core.episode import Episode
from pipeline.core.errors import DatasetError
from pipeline.core.layout import FLOOR, SceneLayout
from pipeline.core.poses import to_matrix
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec
from pipeline.core.world import WorldState

CHANNELS: dict[str, tuple[str, tuple[int, ...]]] = {
    "rgb": ("uint8", (3,)),
    "depth": ("uint16", ()),
    "seg": ("uint8", ()),
}
"""Type and trailing axes of an image of each channel."""


def frame_arrays(episode: Episode) -> dict[str, NDArray[Any]]:
    """Every array of ``data/`` for one episode, (time, ...), without padding; images are not copied.

    Raises :class:`DatasetError` naming the array when a length differs or a physical array is not float32.
    """
    _check_physics(episode)
    steps = episode.length
    arrays: dict[str, NDArray[Any]] = {
        "action": episode.actions,
        "action_ee_delta": np.asarray(episode.ee_delta, np.float32),
        "action_ee_pose": np.asarray(episode.ee_target, np.float32),
        **state_arrays(episode.states, episode.scene.robot),
        "progress": np.asarray(episode.progress, np.float32),
        "success": np.asarray(episode.success, bool),
        "stage": np.asarray(episode.stage, np.uint8),
        **_step_arrays(steps, episode.scene.physics.control_hz),
    }
    for channel, films in channels_of(episode).items():
        arrays |= {f"{channel}_{camera}": images for camera, images in films.items()}
    for camera in cameras_of(episode):
        if camera not in episode.camera_pose:
            raise DatasetError(f"Episode of {episode.task.name!r}: camera {camera!r} has images but no camera_pose.")
        arrays[f"cam_T_{camera}"] = to_matrix(episode.camera_pose[camera]).astype(np.float32)
    for name, array in arrays.items():
        if len(array) != steps:
            raise DatasetError(f"Episode of {episode.task.name!r}: {name!r} has {len(array)} rows for {steps} actions.")
    return arrays


def state_arrays(states: WorldState, robot: RobotSpec) -> dict[str, NDArray[Any]]:
    """The arrays of ``data/`` that are read off the state, (rows, ...), for every row of ``states``."""
    joints, widths = joint_columns(robot)
    return {
        "state": states.qpos,
        "qpos": states.qpos[:, joints],
        "qvel": states.qvel,
        "ee_pose": states.tcp,
        "gripper": states.qpos[:, widths],
        "object_pose": states.pose[:, object_columns(states.layout)],
        "object_joint": states.joint,
    }


def channels_of(episode: Episode) -> dict[str, dict[str, NDArray[Any]]]:
    """What its cameras filmed, by channel: ``rgb`` and, if recorded, ``depth`` and ``seg``."""
    films: dict[str, dict[str, NDArray[Any]]] = {"rgb": {**episode.rgb}, "depth": {**episode.depth}}
    return {channel: film for channel, film in (films | {"seg": {**episode.seg}}).items() if film}


def cameras_of(episode: Episode) -> dict[str, tuple[int, int]]:
    """Height and width of every camera that filmed, by name."""
    films = channels_of(episode)
    return {name: images.shape[1:3] for film in films.values() for name, images in sorted(film.items())}


def joint_columns(robot: RobotSpec) -> tuple[list[int], list[int]]:
    """The columns of an action that are arm joints, and those that are gripper widths, of all arms."""
    ends = np.cumsum([group.dof for group in robot.arms])
    widths = [int(end) - 1 for end in ends]
    return [k for k in range(robot.dof) if k not in widths], widths


def object_columns(layout: SceneLayout) -> slice:
    """The columns of ``WorldState.pose`` that are objects: all bodies after the robot, its fingers and the floor."""
    return slice(layout.bodies.index(FLOOR) + 1, len(layout.bodies))


def object_bodies(scene: SceneSpec) -> tuple[str, ...]:
    """Names of the columns of ``object_pose`` for this scene."""
    layout = SceneLayout.of(scene)
    return layout.bodies[object_columns(layout)]


def camera_spec(scene: SceneSpec, name: str) -> CameraSpec:
    """The camera called ``name``, of the scene or of its robot; raises :class:`DatasetError`."""
    found = {c.name: c for c in (*scene.robot.cameras, *scene.cameras)}
    if name not in found:
        raise DatasetError(f"Images of camera {name!r}, which the scene does not have; it has {sorted(found)}.")
    return found[name]


def _step_arrays(steps: int, hz: float) -> dict[str, NDArray[Any]]:
    index = np.arange(steps)
    last = index == steps - 1
    return {
        "is_first": index == 0,
        "is_last": last,
        "is_terminal": last,
        "reward": last.astype(np.float32),
        "timestamp": index / hz,
    }


def _check_physics(episode: Episode) -> None:
    name = episode.task.name
    if not episode.length:
        raise DatasetError(f"Episode of {name!r} has no actions; only episodes of at least one step are stored.")
    if episode.states.layout.bodies != SceneLayout.of(episode.scene).bodies:
        raise DatasetError(f"Episode of {name!r}: its states were recorded in a scene with other bodies than its own.")
    if episode.actions.dtype != np.float32:
        raise DatasetError(f"Episode of {name!r}: actions are {episode.actions.dtype}; store the float32 ones applied.")
    for channel, films in channels_of(episode).items():
        for camera, images in films.items():
            spec = camera_spec(episode.scene, camera)
            dtype, depth = CHANNELS[channel]
            wanted = (episode.length, spec.height, spec.width, *depth)
            if images.dtype != dtype or images.shape != wanted:
                raise DatasetError(
                    f"Episode of {name!r}: {channel} of camera {camera!r} is {images.dtype} {images.shape}, "
                    f"not {dtype} {wanted}."
                )
