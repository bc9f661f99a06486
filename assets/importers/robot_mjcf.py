"""Robot importer: any MJCF arm with a parallel gripper becomes a light model and a RobotSpec card."""

# The bindings of mujoco carry no type information.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np
import trimesh
from numpy.typing import NDArray

from assets.annotation.spheres import cover_with_spheres
from assets.cards import write_card
from assets.importers.meshes import convex_hull, decimate, joined, shade, write_obj
from assets.importers.mjcf import new_model, numbers, write_model
from assets.values import pose7, vec3
from pipeline.core.asset import Licence
from pipeline.core.camera import CameraSpec
from pipeline.core.errors import AssetError
from pipeline.core.geometry import Pose7
from pipeline.core.poses import compose, pose, quat_to_matrix, transform_points
from pipeline.core.robot import ArmJoint, Gripper, RobotSpec, Sphere

Array = NDArray[np.float64]


@dataclass(frozen=True)
class RobotSource:
    """What an MJCF does not say about a robot; tuples over the arm run base to tool."""

    name: str
    noun: str
    xml: Path
    base_link: str
    arm: tuple[str, ...]
    tool_link: str
    tool: Pose7
    gripper: Gripper
    home: tuple[float, ...]
    max_velocity: tuple[float, ...]
    max_acceleration: tuple[float, ...]
    kp: tuple[float, ...]
    max_force: tuple[float, ...]
    cameras: tuple[CameraSpec, ...]
    reach: float
    licence: Licence
    gain_source: str
    faces: int = 10_000
    cover: tuple[float, float] = (0.015, 0.015)  # m; how far spheres stand out, and what may stand out of them
    fine: tuple[str, ...] = ()
    fine_cover: tuple[float, float] = (0.008, 0.006)  # m
    notices: tuple[Path, ...] = ()


def import_robot(source: RobotSource, folder: Path) -> RobotSpec:
    """Write ``folder``'s model, meshes and card from ``source``; raises AssetError when the MJCF is not there."""
    if not source.xml.exists():
        raise AssetError(f"Robot {source.name!r}: no MJCF at {str(source.xml)!r}. Install the package that holds it.")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "meshes").mkdir(parents=True)
    model = mujoco.MjModel.from_xml_path(str(source.xml))
    write_model(_light_model(model, source, folder), folder / "model.xml")
    for notice in source.notices:
        shutil.copyfile(notice, folder / notice.name)
    spec = RobotSpec(
        name=source.name,
        noun=source.noun,
        files={},
        base_link=source.base_link,
        arm=_chain(model, source),
        tool_link=source.tool_link,
        tool=source.tool,
        flange=_pose(_relative(model, _joint_body(model, source.arm[-1]), source.tool_link)),
        gripper=source.gripper,
        home=source.home,
        spheres=_spheres(model, source),
        cameras=source.cameras,
        reach=source.reach,
        licence=source.licence,
        gain_source=source.gain_source,
    )
    write_card(folder, spec)
    return spec


def _chain(model: mujoco.MjModel, source: RobotSource) -> tuple[ArmJoint, ...]:
    joints: list[ArmJoint] = []
    parent = source.base_link
    for i, name in enumerate(source.arm):
        joint, body = model.joint(name), _joint_body(model, name)
        joints.append(
            ArmJoint(
                name=name,
                link=body,
                origin=_pose(_relative(model, parent, body)),
                axis=vec3(joint.axis),
                lower=float(joint.range[0]),
                upper=float(joint.range[1]),
                max_velocity=source.max_velocity[i],
                max_acceleration=source.max_acceleration[i],
                kp=source.kp[i],
                kv=source.kp[i] / 10,
                max_force=source.max_force[i],
            )
        )
        parent = body
    return tuple(joints)


def _joint_body(model: mujoco.MjModel, joint: str) -> str:
    found = model.joint(joint)
    if np.linalg.norm(found.pos) > 0:
        raise AssetError(f"Joint {joint!r} is off its body's origin at {found.pos}; move the body's frame onto it.")
    return model.body(int(found.bodyid[0])).name


def _relative(model: mujoco.MjModel, ancestor: str, body: str) -> Array:
    """T_ancestor_body (7,) at zero joint positions."""
    result, at = pose((0.0, 0.0, 0.0)), model.body(body).id
    while model.body(at).name != ancestor:
        if at == 0:
            raise AssetError(f"Body {ancestor!r} does not carry {body!r}; name the chain base to tool.")
        result = compose(pose(model.body_pos[at], model.body_quat[at]), result)
        at = int(model.body_parentid[at])
    return result


def _spheres(model: mujoco.MjModel, source: RobotSource) -> dict[str, tuple[Sphere, ...]]:
    found: dict[str, tuple[Sphere, ...]] = {}
    for body in range(1, model.nbody):
        pieces = [_geom_points(model, g) for g in _geoms(model, body, visual=False)]
        if pieces:
            name = model.body(body).name
            overshoot, slack = source.fine_cover if name in source.fine else source.cover
            found[name] = tuple(cover_with_spheres(pieces, overshoot, slack=slack))
    return found


def _light_model(model: mujoco.MjModel, source: RobotSource, folder: Path) -> ET.Element:
    root, asset, world = new_model(source.name)
    for material in range(model.nmat):
        rgba = numbers(model.mat_rgba[material].round(4))
        ET.SubElement(asset, "material", name=model.mat(material).name, rgba=rgba, specular="0.5", shininess="0.25")
    written = {0: world}
    budget = source.faces / sum(_weight(model, g) for b in range(model.nbody) for g in _geoms(model, b, visual=True))
    for body in range(1, model.nbody):
        element = _write_body(model, body, written[int(model.body_parentid[body])])
        written[body] = element
        _write_visuals(model, body, (asset, element), folder, budget=budget)
        _write_collisions(model, body, (asset, element), folder)
    return root


def _write_body(model: mujoco.MjModel, body: int, parent: ET.Element) -> ET.Element:
    element = ET.SubElement(parent, "body", name=model.body(body).name)
    element.set("pos", numbers(model.body_pos[body]))
    element.set("quat", numbers(model.body_quat[body]))
    ET.SubElement(
        element,
        "inertial",
        mass=numbers([model.body_mass[body]]),
        pos=numbers(model.body_ipos[body]),
        quat=numbers(model.body_iquat[body]),
        diaginertia=numbers(model.body_inertia[body]),
    )
    first = int(model.body_jntadr[body])
    for j in range(first, first + int(model.body_jntnum[body])):
        dof = int(model.jnt_dofadr[j])
        ET.SubElement(
            element,
            "joint",
            name=model.joint(j).name,
            type="slide" if model.jnt_type[j] == mujoco.mjtJoint.mjJNT_SLIDE else "hinge",
            axis=numbers(model.jnt_axis[j]),
            range=numbers(model.jnt_range[j]),
            armature=numbers([model.dof_armature[dof]]),
            damping=numbers(np.atleast_1d(model.dof_damping[dof])[:1]),
        )
    return element


def _write_visuals(
    model: mujoco.MjModel, body: int, into: tuple[ET.Element, ET.Element], folder: Path, *, budget: float
) -> None:
    """One mesh a material: merged, decimated to its share of the budget, and shaded."""
    by_material: dict[int, list[int]] = {}
    for g in _geoms(model, body, visual=True):
        by_material.setdefault(int(model.geom_matid[g]), []).append(g)
    for material, geoms in by_material.items():
        label = f"{model.body(body).name}_{model.mat(material).name}"
        parts = [decimate(_geom_mesh(model, g), max(12, int(budget * _weight(model, g)))) for g in geoms]
        write_obj(folder / "meshes" / f"{label}.obj", shade(joined(parts)))
        ET.SubElement(into[0], "mesh", name=label, file=f"meshes/{label}.obj", inertia="shell")
        ET.SubElement(
            into[1],
            "geom",
            type="mesh",
            mesh=label,
            material=model.mat(material).name,
            contype="0",
            conaffinity="0",
            group="2",
        )


def _write_collisions(model: mujoco.MjModel, body: int, into: tuple[ET.Element, ET.Element], folder: Path) -> None:
    for k, g in enumerate(_geoms(model, body, visual=False)):
        attributes = {"group": "3", "rgba": "0.5 0.5 0.5 1", "friction": "1 0.005 0.0001"}
        if model.geom_type[g] == mujoco.mjtGeom.mjGEOM_BOX:
            attributes |= {"type": "box", "size": numbers(model.geom_size[g]), "pos": numbers(model.geom_pos[g])}
            attributes["quat"] = numbers(model.geom_quat[g])
        else:
            label = f"{model.body(body).name}_hull_{k}"
            write_obj(folder / "meshes" / f"{label}.obj", convex_hull(_geom_points(model, g)))
            ET.SubElement(into[0], "mesh", name=label, file=f"meshes/{label}.obj")
            attributes |= {"type": "mesh", "mesh": label}
        ET.SubElement(into[1], "geom", attributes)


def _geoms(model: mujoco.MjModel, body: int, *, visual: bool) -> list[int]:
    first = int(model.body_geomadr[body])
    own = range(first, first + int(model.body_geomnum[body]))
    return [g for g in own if bool(model.geom_contype[g] | model.geom_conaffinity[g]) != visual]


def _geom_mesh(model: mujoco.MjModel, geom: int) -> trimesh.Trimesh:
    """A mesh geom in its body's frame [m]."""
    mesh = model.mesh(int(model.geom_dataid[geom]))
    v0, nv, f0, nf = (int(a[0]) for a in (mesh.vertadr, mesh.vertnum, mesh.faceadr, mesh.facenum))
    points = transform_points(pose(model.geom_pos[geom], model.geom_quat[geom]), model.mesh_vert[v0 : v0 + nv])
    return trimesh.Trimesh(points, model.mesh_face[f0 : f0 + nf], process=True)


def _geom_points(model: mujoco.MjModel, geom: int) -> Array:
    """Corner points (n, 3) of a box or mesh geom in its body's frame [m]."""
    if model.geom_type[geom] == mujoco.mjtGeom.mjGEOM_MESH:
        return np.asarray(_geom_mesh(model, geom).vertices, float)
    corners = np.array(np.meshgrid(*[[-1.0, 1.0]] * 3)).reshape(3, -1).T * model.geom_size[geom]
    return corners @ quat_to_matrix(model.geom_quat[geom]).T + model.geom_pos[geom]


def _weight(model: mujoco.MjModel, geom: int) -> float:
    """Share of the face budget: below linear, so that small parts keep their shape."""
    return float(model.mesh(int(model.geom_dataid[geom])).facenum[0]) ** 0.7


def _pose(values: Array) -> Pose7:
    return pose7(values[:3], values[3:])
