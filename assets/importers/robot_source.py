"""RobotSource: what a MuJoCo model does not say about a robot, one value a robot, filled in by its importer file."""

# The bindings of mujoco carry no type information.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import mujoco
import numpy as np

from assets.values import pose7
from pipeline.core.asset import Licence
from pipeline.core.camera import CameraSpec
from pipeline.core.errors import AssetError
from pipeline.core.geometry import Pose7
from pipeline.core.poses import compose
from pipeline.core.robot import Gripper

GL_TO_CV = (0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0)  # MuJoCo's cameras look along -z with y up


@dataclass(frozen=True)
class ArmSource:
    """One arm; tuples run base to tool. ``kv`` is a tenth of ``kp`` unless given."""

    joints: tuple[str, ...]
    tool_link: str
    tool: Pose7
    gripper: Gripper
    home: tuple[float, ...]
    max_velocity: tuple[float, ...]
    max_acceleration: tuple[float, ...]
    kp: tuple[float, ...]
    max_force: tuple[float, ...]
    kv: tuple[float, ...] = ()
    name: str = ""


@dataclass(frozen=True)
class RobotSource:
    """A robot as its importer file describes it; the first of ``arms`` is the one that planners move.

    ``ties`` says which driven joint each linked joint of a gripper follows.
    """

    name: str
    noun: str
    model: mujoco.MjSpec
    base_link: str
    arms: tuple[ArmSource, ...]
    cameras: tuple[CameraSpec, ...]
    reach: float
    licence: Licence
    gain_source: str
    faces: int = 10_000
    cover: tuple[float, float] = (0.015, 0.015)  # m; how far spheres stand out, and what may stand out of them
    fine: tuple[str, ...] = ()
    fine_cover: tuple[float, float] = (0.008, 0.006)  # m
    notices: tuple[Path, ...] = ()
    ties: dict[str, str] = field(default_factory=dict)


def read_mjcf(path: Path, *, robot: str, package: str) -> mujoco.MjSpec:
    """The model at ``path``; raises AssetError that names the package to install when it is not there."""
    if not path.is_file():
        raise AssetError(f"Robot {robot!r}: no MJCF at {str(path)!r}. Install the package that holds it: {package}.")
    try:
        return mujoco.MjSpec.from_file(str(path))
    except ValueError as error:
        raise AssetError(f"Robot {robot!r}: MuJoCo cannot read {str(path)!r}: {error}.") from error


def mounted_camera(spec: mujoco.MjSpec, camera: str, *, name: str, link: str, fovy: float | None = None) -> CameraSpec:
    """A camera of the model as one that rides on its own body, called ``link`` in the robot's model."""
    found = next((c for c in spec.cameras if c.name == camera), None)
    if found is None:
        raise AssetError(f"The model has no camera {camera!r}; it has {[c.name for c in spec.cameras]}.")
    model = spec.compile()
    index = model.camera(camera).id
    at = compose(np.concatenate([model.cam_pos[index], model.cam_quat[index]]), np.array(GL_TO_CV))
    return CameraSpec(name=name, mount=link, pose=pose7(at[:3], at[3:]), fovy=fovy or float(model.cam_fovy[index]))


def rename_materials(spec: mujoco.MjSpec, *, prefix: str) -> None:
    """Put ``prefix`` before every material's name, so that the model can join another one that uses the same names."""
    for geom in spec.geoms:
        geom.material = prefix + geom.material if geom.material else ""
    for material in spec.materials:
        material.name = prefix + material.name
