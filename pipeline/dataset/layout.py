"""The on-disk layout of a dataset as code: array names, types, chunks, codecs and what every array means."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.abc.codec import BytesBytesCodec
from zarr.codecs import BloscCodec, ZstdCodec

from pipeline.core.robot import RobotSpec
from pipeline.dataset.frames import CHANNELS, joint_columns

SCHEMA_VERSION = 2
OBJECT_SLOTS, JOINT_SLOTS = 16, 8
"""Columns of ``object_pose`` and ``object_joint`` unless a dataset's creation declares others."""
DATA, META, FILES, SPECS = "data", "meta", "files", "specs"
COMMIT_MARKER = "episode_ends"
IMAGE_CHUNK_ROWS, IMAGE_SHARD_BYTES, IMAGE_SHARD_ROWS = 4, 48 * 2**20, 1024
TABLE_CHUNK_ROWS, TABLE_SHARD_ROWS = 1024, 65536
TEXT_CHUNK_ROWS = 64
ZSTD_LEVEL = 3
POSE_NAMES = ("x", "y", "z", "qw", "qx", "qy", "qz")
POSE_UNITS = ("m", "m", "m", "1", "1", "1", "1")
QUATERNION = "w x y z"
ACTION_DEFAULT = "action_joint_pos"
"""The action space that ``action`` is in."""
WIDTH = {"gripper": "opening width [m], larger is more open, 0 is closed"}
RAGGED = frozenset({"object_pose", "object_joint", "final_object_pose", "final_object_joint"})
"""Arrays whose column count differs between episodes; the columns an episode does not have are NaN."""


@dataclass(frozen=True)
class ArraySpec:
    """One array of ``data/``: a row a frame. ``row`` is the shape of one frame, ``attrs`` what a reader must know."""

    name: str
    dtype: str
    row: tuple[int, ...] = ()
    attrs: dict[str, Any] = field(default_factory=dict)

    @property
    def image(self) -> bool:
        """Whether a frame is an image: (height, width, 3) or (height, width) whole numbers."""
        return self.dtype.startswith("uint") and len(self.row) in (2, 3)

    @property
    def compressor(self) -> BytesBytesCodec:
        """Plain zstd; of numbers wider than a byte that vary smoothly (depth) with their bytes apart."""
        if self.dtype == "uint16":
            return BloscCodec(cname="zstd", clevel=ZSTD_LEVEL, shuffle="shuffle", typesize=2)
        return ZstdCodec(level=ZSTD_LEVEL)

    def chunk_rows(self) -> int:
        """Frames a chunk."""
        return IMAGE_CHUNK_ROWS if self.image else TABLE_CHUNK_ROWS

    def shard_rows(self, total: int) -> int:
        """Frames a shard, a whole multiple of the chunk, for an array of ``total`` frames."""
        step, most = self.chunk_rows(), TABLE_SHARD_ROWS
        if self.image:
            most = min(IMAGE_SHARD_ROWS, IMAGE_SHARD_BYTES // (math.prod(self.row) * np.dtype(self.dtype).itemsize))
        whole = -(-total // step) * step
        return max(step, min(most // step * step, whole))


@dataclass(frozen=True)
class Dimensions:
    """What decides the shapes of ``data/``: the robot, camera sizes (height, width), their channels, and the slots."""

    robot: RobotSpec
    cameras: dict[str, tuple[int, int]]
    bodies: int = OBJECT_SLOTS
    joints: int = JOINT_SLOTS
    channels: tuple[str, ...] = ("rgb",)


def data_arrays(dims: Dimensions) -> dict[str, ArraySpec]:
    """Every array of ``data/`` by name."""
    specs = [*_robot_arrays(dims.robot), *_world_arrays(dims), *_step_arrays()]
    for camera, size in sorted(dims.cameras.items()):
        specs += _camera_arrays(camera, size, dims.channels)
    return {s.name: s for s in specs}


def stored_name(name: str) -> str:
    """The array that holds ``name``: ``action_joint_pos`` is ``action``, which is not stored twice."""
    return "action" if name == ACTION_DEFAULT else name


def create(group: zarr.Group, spec: ArraySpec, *, rows: int) -> zarr.Array[Any]:
    """Create the array ``spec`` of ``rows`` frames; every shard is stored, so a lost file can be noticed."""
    return group.create_array(
        spec.name,
        shape=(rows, *spec.row),
        dtype=spec.dtype,
        chunks=(spec.chunk_rows(), *spec.row),
        shards=(spec.shard_rows(rows), *spec.row),
        compressors=[spec.compressor],
        attributes=spec.attrs,
        config={"write_empty_chunks": True},
    )


def write_rows(group: zarr.Group, spec: ArraySpec, *, rows: int, blocks: Iterable[NDArray[Any]]) -> None:
    """Create ``spec`` and fill it with the concatenated ``blocks`` of frames, one whole shard at a time."""
    array = create(group, spec, rows=rows)
    step = spec.shard_rows(rows)
    buffer = np.empty((min(step, rows), *spec.row), spec.dtype)
    start = held = 0
    for block in blocks:
        while len(block):
            take = min(len(block), len(buffer) - held)
            buffer[held : held + take] = block[:take]
            held, block = held + take, block[take:]
            if held == len(buffer):
                array[start : start + held] = buffer
                start, held = start + held, 0
    if held:
        array[start : start + held] = buffer[:held]


def write_column(group: zarr.Group, name: str, values: NDArray[Any] | list[str]) -> None:
    """Write one array of ``meta/``, whole; a list of text becomes a ``string`` array."""
    text = isinstance(values, list)
    rows = len(values)
    shape = (rows,) if text else values.shape
    array = group.create_array(
        name,
        shape=shape,
        dtype="string" if text else values.dtype,
        chunks=(max(1, min(rows, TEXT_CHUNK_ROWS)) if text else max(1, rows), *shape[1:]),
        compressors=[ZstdCodec(level=3)],
        config={"write_empty_chunks": True},
    )
    if rows:
        array[:] = np.array(values, dtype=object) if text else values


def widen(block: NDArray[Any], row: tuple[int, ...]) -> NDArray[Any]:
    """``block`` (rows, columns, ...) padded with NaN to (rows, *row); itself when it is as wide."""
    if block.shape[1:] == row:
        return block
    out = np.full((len(block), *row), np.nan, block.dtype)
    out[:, : block.shape[1]] = block
    return out


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
