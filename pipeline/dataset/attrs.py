"""The root attributes of a dataset: what it is, who made it, its robot, cameras, tasks, splits and statistics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.core.asset import AssetSpec
from pipeline.core.geometry import Frozen
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import Physics, SceneSpec
from pipeline.core.task import TaskSpec
from pipeline.dataset.columns import Columns
from pipeline.dataset.frames import camera_spec
from pipeline.dataset.layout import ACTION_DEFAULT, JOINT_SLOTS, OBJECT_SLOTS, SCHEMA_VERSION, Dimensions
from pipeline.dataset.record import Card, Record, with_cards
from pipeline.dataset.splits import SPLITS


class DatasetMeta(Frozen):
    """What the maker says of a dataset; everything else is read off its episodes."""

    name: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$")
    license: str = Field(default="Apache-2.0", description="SPDX id of the recordings; assets carry their own")
    created: str = Field(default="", description="date and time, ISO 8601; the only clock in a dataset")
    generator: dict[str, Any] = Field(
        default_factory=dict, description="package, version, command, configuration, seed"
    )
    val_fraction: float = Field(
        default=0.1, ge=0, lt=1, description="share of each task's episodes held out, rounded down"
    )


@dataclass(frozen=True, eq=False)
class Contents:
    """The episodes about to be packed, without their frames."""

    robot: RobotSpec
    cards: dict[str, Card]
    records: list[Record]
    tasks: list[TaskSpec]
    columns: Columns
    cameras: dict[str, tuple[int, int]]  # (height, width)
    channels: tuple[str, ...] = ("rgb",)

    @property
    def dimensions(self) -> Dimensions:
        """The robot, cameras and slots: the usual number, more where an episode needs more."""
        bodies = max(OBJECT_SLOTS, *(len(r.bodies) for r in self.records))
        joints = max(JOINT_SLOTS, *(len(r.joints) for r in self.records))
        return Dimensions(self.robot, self.cameras, bodies, joints, self.channels)

    @property
    def lengths(self) -> NDArray[np.int32]:
        """Frames of each episode."""
        return np.asarray(self.columns["episode_length"])

    @property
    def ends(self) -> NDArray[np.int64]:
        """Exclusive end of each episode's rows."""
        return np.cumsum(self.lengths, dtype=np.int64)

    @property
    def frames(self) -> int:
        """Rows of ``data/``."""
        return int(self.lengths.sum())

    @cached_property
    def scenes(self) -> list[SceneSpec]:
        """The scene of every episode."""
        return [with_cards(r.scene, self.cards.__getitem__) for r in self.records]


def root_attrs(
    meta: DatasetMeta, contents: Contents, *, stats: dict[str, Any], checksums: dict[str, str]
) -> dict[str, Any]:
    """All attributes of the root group, as JSON data."""
    physics = [scene.physics for scene in contents.scenes]
    split = np.asarray(contents.columns["episode_split"])
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "dataset",
        "name": meta.name,
        "license": meta.license,
        "created": meta.created,
        "generator": meta.generator,
        "robot": _robot(contents.robot),
        "control_hz": _common(p.control_hz for p in physics),
        "sim": _sim(physics, contents.records),
        "solvers": sorted({r.solver for r in contents.records}),
        "action_default": ACTION_DEFAULT,
        "tasks": _tasks(contents),
        "cameras": {name: _camera(name, contents.scenes) for name in sorted(contents.cameras)},
        "assets": [_asset(sha, c) for sha, c in contents.cards.items() if isinstance(c, AssetSpec)],
        "splits": {name: np.flatnonzero(split == i).tolist() for i, name in enumerate(SPLITS)},
        "arrays": {"data": sorted(checksums), "meta": sorted([*contents.columns, "episode_ends"])},
        "stats_split": "train",
        "stats": stats,
        "checksums": checksums,
    }


def _tasks(contents: Contents) -> list[dict[str, Any]]:
    counts = np.bincount(np.asarray(contents.columns["episode_task"]), minlength=len(contents.tasks))
    return [
        {"id": i, "episodes": int(counts[i])} | task.model_dump(mode="json") for i, task in enumerate(contents.tasks)
    ]


def _robot(robot: RobotSpec) -> dict[str, Any]:
    return {
        "type": robot.noun,
        "name": robot.name,
        "sha256": robot.sha256,
        "model": robot.model,
        "model_sha256": robot.files.get(robot.model),
        "dof": robot.dof,
        "names": list(robot.action_names),
        "license": robot.licence.model_dump(mode="json"),
    }


def _asset(sha: str, asset: AssetSpec) -> dict[str, Any]:
    licence = asset.licence.model_dump(mode="json")
    return {"name": asset.name, "category": asset.category, "sha256": sha, "license": licence}


def _sim(physics: Sequence[Physics], records: Sequence[Record]) -> dict[str, Any]:
    return {
        "engine": sorted({r.provenance.engine for r in records}),
        "timestep": _common(p.dt for p in physics),
        "substeps": _common(p.substeps for p in physics),
        "gravity": _common(list(p.gravity) for p in physics),
        "replay": "reset to the scene of meta/episode_json, then apply data/action",
    }


def _camera(name: str, scenes: Sequence[SceneSpec]) -> dict[str, Any]:
    """Calibration; what differs between episodes is None here and stands in each episode's scene and ``cam_T_*``."""
    cameras = [camera_spec(scene, name) for scene in scenes]
    return {
        "height": cameras[0].height,
        "width": cameras[0].width,
        "K": _common(c.intrinsics.tolist() for c in cameras),
        "convention": "opencv",
        "mount": _common(c.mount for c in cameras),
        "near": _common(c.near for c in cameras),
        "far": _common(c.far for c in cameras),
        "pose": _common(list(c.pose) for c in cameras),
        "pose_meaning": "T_mount_camera, x y z [m] and qw qx qy qz; mount null is the world; per frame: cam_T_" + name,
    }


def _common(values: Iterable[Any]) -> Any:
    """The value they all share, else None."""
    first, *rest = values
    return first if all(v == first for v in rest) else None
