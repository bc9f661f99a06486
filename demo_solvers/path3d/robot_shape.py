"""The robot as it knows itself: convex hulls of its links at given joints, to tell its own points from the world's."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull

from demo_solvers.path3d.clouds import Array
from pipeline.core import poses
from pipeline.core.doors import FileStore
from pipeline.core.errors import AssetError
from pipeline.core.kinematics import link_poses
from pipeline.core.robot import RobotSpec
from pipeline.core.world import Bools

MARGIN = 0.010  # m by which a point may lie outside a hull and still be the robot's


@dataclass(frozen=True, eq=False)
class _Part:
    """A convex piece of a body: outward planes (k, 4) and a bounding sphere, in the body's frame."""

    body: str
    offset: Array  # (7,)  T_link_body, the body at zero
    slide: Array  # (3,)  m by which it moves in its link for a metre of opening
    planes: Array
    centre: Array
    radius: float


class RobotShape:
    """Convex hulls of a robot's visual meshes, placed by its joints."""

    def __init__(self, robot: RobotSpec, files: FileStore) -> None:
        self.robot = robot
        self._parts = _parts(robot, files)

    def covers(self, points: Array, joints: Array, base: Array, *, margin: float = MARGIN) -> Bools:
        """Which of ``points`` (n, 3) m lie within ``margin`` m of the robot at ``joints`` (dof,), base at (7,)."""
        found = np.zeros(len(points), bool)
        links = link_poses(self.robot, joints[None])
        width = float(joints[self.robot.width_column])
        for part in self._parts:
            at = poses.compose(base, links[part.body][0] if links[part.body].ndim > 1 else links[part.body])
            at = poses.compose(at, part.offset)
            at = poses.compose(at, poses.pose(part.slide * width))
            near = np.flatnonzero(
                ~found
                & (
                    np.linalg.norm(points - poses.transform_points(at, part.centre[None])[0], axis=1)
                    < part.radius + margin
                )
            )
            if len(near):
                local = poses.transform_points(poses.inverse(at), points[near])
                outside = (local @ part.planes[:, :3].T + part.planes[:, 3]).max(axis=1)
                found[near[outside < margin]] = True
        return found


def _parts(robot: RobotSpec, files: FileStore) -> list[_Part]:
    folder = files.folder(robot)
    root = ET.fromstring((folder / robot.model).read_bytes())
    meshes = {m.get("name", ""): m for m in root.iter("mesh")}
    links = {robot.base_link, robot.tool_link, *(j.link for j in robot.arm)}
    found = list[_Part]()

    def visit(body: ET.Element, link: str, offset: Array, slide: Array) -> None:
        name = body.get("name", "")
        if name in links:
            link, offset, slide = name, np.array(poses.IDENTITY_POSE), np.zeros(3)
        elif link:
            offset = poses.compose(offset, _pose(body))
            slide = slide + _slide(body, robot)
        if link:
            found.extend(_hulls(body, meshes, folder, link, offset, slide))
        for child in body.findall("body"):
            visit(child, link, offset, slide)

    for body in root.iter("worldbody"):
        for child in body.findall("body"):
            visit(child, "", np.array(poses.IDENTITY_POSE), np.zeros(3))
    if not found:
        raise AssetError(f"Robot {robot.name!r} has no meshes for its links, so it cannot tell itself from the world.")
    return found


def _hulls(body: ET.Element, meshes: dict[str, ET.Element], folder: object, link: str, offset: Array, slide: Array):
    for geom in body.findall("geom"):
        if geom.get("mesh") is None or geom.get("group") == "2":
            continue  # of each link the collision hulls, which hold all that is seen of it
        points = _vertices(folder, meshes[geom.get("mesh", "")])
        points = poses.transform_points(_pose(geom), points)
        hull = ConvexHull(points)
        centre = (points.min(axis=0) + points.max(axis=0)) / 2
        radius = float(np.linalg.norm(points - centre, axis=1).max())
        yield _Part(link, offset, slide, hull.equations.copy(), centre, radius)


def _vertices(folder: object, mesh: ET.Element) -> Array:
    try:
        import trimesh
    except ImportError as error:
        raise AssetError("Reading the robot's meshes needs trimesh: pip install 'taskloom[assets]'.") from error
    scale = np.array([float(s) for s in mesh.get("scale", "1 1 1").split()])
    return np.asarray(trimesh.load(f"{folder}/{mesh.get('file')}", force="mesh").vertices, float) * scale  # type: ignore[union-attr]


def _pose(element: ET.Element) -> Array:
    position = [float(v) for v in element.get("pos", "0 0 0").split()]
    quat = [float(v) for v in element.get("quat", "1 0 0 0").split()]
    return poses.pose(position, np.array(quat) / np.linalg.norm(quat))


def _slide(body: ET.Element, robot: RobotSpec) -> Array:
    """How far (3,) m a finger moves in its parent for a metre of opening; turning fingers are taken as they stand."""
    for joint in body.findall("joint"):
        if joint.get("name") in robot.gripper.joints and joint.get("type") == "slide":
            return 0.5 * np.array([float(v) for v in joint.get("axis", "0 0 1").split()])
    return np.zeros(3)
