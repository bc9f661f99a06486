"""What every array of ``data/`` holds: names, types, units, frames, absolute or relative, commanded or measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.core.robot import RobotSpec
from pipeline.dataset.frames import CHANNELS, joint_columns
from pipeline.dataset.layout import ACTION_DEFAULT, ArraySpec, Dimensions

POSE_NAMES = ("x", "y", "z", "qw", "qx", "qy", "qz")
POSE_UNITS = ("m", "m", "m", "1", "1", "1", "1")
QUATERNION = "w x y z"
WIDTH = {"gripper": "opening width [m], larger is more open, 0 is closed"}


def data_arrays(dims: Dimensions) -> dict[str, ArraySpec]:
    """Every array of ``data/`` by name."""
    specs = [*_robot_arrays(dims.robot), *_world_arrays(dims), *_step_arrays()]
    for camera, size in sorted(dims.cameras.items()):
        specs += _camera_arrays(camera, size, dims.channels)
    return {s.name: s for s in specs}


def _robot_arrays(robot: RobotSpec) -> list[ArraySpec]:
    names = list(robot.action_names)
    units = [unit for group in robot.arms for unit in (*["rad"] * len(group.arm), "m")]
    rates = [f"{unit}/s" for unit in units]
    dof = (robot.dof,)
    joints, widths = joint_columns(robot)
    joint_names, width_names = ([names[k] for k in columns] for columns in (joints, widths))
    return [
        ArraySpec("action", "float32", dof, _action_attrs(names, units)),
        ArraySpec("action_ee_delta", "float32", (7,), _delta_attrs()),
        ArraySpec("action_ee_pose", "float32", (8,), _target_attrs()),
        ArraySpec(
            "state", "float32", dof, _attrs("measured joint positions and gripper width", units, "joint", names=names)
        ),
        ArraySpec(
            "qpos",
            "float32",
            (len(joints),),
            _attrs("measured joint positions of the arm", ["rad"] * len(joints), "joint", names=joint_names),
        ),
        ArraySpec(
            "qvel", "float32", dof, _attrs("measured joint velocities and gripper rate", rates, "joint", names=names)
        ),
        ArraySpec(
            "ee_pose", "float32", (7,), _attrs("measured pose T_world_tool", POSE_UNITS, "world", names=POSE_NAMES)
        ),
        ArraySpec(
            "gripper",
            "float32",
            (len(widths),),
            _attrs("measured opening between the fingers", ["m"] * len(widths), "joint", names=width_names) | WIDTH,
        ),
    ]


def _action_attrs(names: list[str], units: list[str]) -> dict[str, Any]:
    text = (
        "joint position targets and gripper opening width exactly as applied after observation t; within a control "
        "step the target moves linearly from the previous action (the reset position before the first)"
    )
    extra = {"space": ACTION_DEFAULT, "mode": "absolute", "source": "commanded"}
    return _attrs(text, units, "joint", names=names) | extra | WIDTH


def _delta_attrs() -> dict[str, Any]:
    text = "the same motion as commanded tool translation and rotation vector since the previous command; then width"
    names = ["dx", "dy", "dz", "rx", "ry", "rz", "gripper_width"]
    extra = {"space": "action_ee_delta", "mode": "delta (gripper width absolute)", "source": "commanded"}
    return _attrs(text, ["m"] * 3 + ["rad"] * 3 + ["m"], "robot base", names=names) | extra | WIDTH


def _target_attrs() -> dict[str, Any]:
    text = "the same motion as commanded tool pose T_base_tool at the end of the control step; then width"
    extra = {"space": "action_ee_pose", "mode": "absolute", "source": "commanded", "quaternion": QUATERNION}
    return _attrs(text, (*POSE_UNITS, "m"), "robot base", names=(*POSE_NAMES, "gripper_width")) | extra | WIDTH


def _world_arrays(dims: Dimensions) -> list[ArraySpec]:
    where = "column j of an episode is entry j of {!r} in its meta/episode_json; columns it does not have are NaN"
    return [
        ArraySpec(
            "object_pose",
            "float32",
            (dims.bodies, 7),
            _attrs(f"pose T_world_body; {where.format('bodies')}", POSE_UNITS, "world", names=POSE_NAMES),
        ),
        ArraySpec(
            "object_joint",
            "float32",
            (dims.joints,),
            _attrs(f"joint positions; {where.format('joints')}", "m (prismatic) or rad (revolute)", "joint"),
        ),
    ]


def _step_arrays() -> list[ArraySpec]:
    return [
        ArraySpec("progress", "float32", (), _attrs("fraction of the goal's atoms that hold", "1")),
        ArraySpec("success", "bool", (), _attrs("the goal holds in the state observed in this row")),
        ArraySpec("stage", "uint8", (), _attrs("index into 'stage_names' of the episode's meta/episode_json", "index")),
        ArraySpec("is_first", "bool", (), _attrs("first frame of its episode")),
        ArraySpec("is_last", "bool", (), _attrs("last frame of its episode")),
        ArraySpec("is_terminal", "bool", (), _attrs("last frame of an episode that reached its goal")),
        ArraySpec("reward", "float32", (), _attrs("1 on the last frame of a success, else 0", "1")),
        ArraySpec("timestamp", "float64", (), _attrs("time since the episode's reset", "s")),
    ]


def _camera_arrays(camera: str, size: tuple[int, int], channels: Sequence[str]) -> list[ArraySpec]:
    pose = "T_world_camera of this frame, homogeneous, OpenCV convention (x right, y down, z forward)"
    meaning = {
        "rgb": _attrs("image before the action, RGB", "0-255", camera=camera),
        "depth": _attrs("distance along the optical axis, 0 where nothing was hit", "mm", camera=camera),
        "seg": _attrs("index into 'seg_names' of the episode's meta/episode_json", "index", camera=camera),
    }
    films = [
        ArraySpec(f"{channel}_{camera}", dtype, (*size, *depth), meaning[channel])
        for channel, (dtype, depth) in CHANNELS.items()
        if channel in channels
    ]
    return [*films, ArraySpec(f"cam_T_{camera}", "float32", (4, 4), _attrs(pose, "m", "world", camera=camera))]


def _attrs(semantics: str, units: Any = "1", frame: str | None = None, **more: Any) -> dict[str, Any]:
    out: dict[str, Any] = {"semantics": semantics, "units": list(units) if not isinstance(units, str) else units}
    if frame:
        out["frame"] = frame
    return out | {k: list(v) if isinstance(v, tuple) else v for k, v in more.items()}
