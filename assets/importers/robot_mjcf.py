"""Robot importer: any MuJoCo model of arms with two-finger grippers becomes a light model and a RobotSpec card."""

# The bindings of mujoco carry no type information.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import mujoco
import numpy as np
import trimesh
from numpy.typing import NDArray

from assets.annotation.spheres import cover_with_spheres
from assets.cards import write_card
from assets.importers.meshes import convex_hull, decimate, joined, shade, write_obj
from assets.importers.mjcf import new_model, numbers, write_model
from assets.importers.robot_source import ArmSource, RobotSource
from assets.values import pose7, vec3
from pipeline.core.errors import AssetError
from pipeline.core.geometry import Pose7
from pipeline.core.poses import compose, inverse, pose, quat_rotate, transform_points
from pipeline.core.robot import ArmGroup, ArmJoint, RobotSpec, Sphere

Array = NDArray[np.float64]
GEOM_TYPES = {
    mujoco.mjtGeom.mjGEOM_BOX: "box",
    mujoco.mjtGeom.mjGEOM_CAPSULE: "capsule",
    mujoco.mjtGeom.mjGEOM_CYLINDER: "cylinder",
    mujoco.mjtGeom.mjGEOM_SPHERE: "sphere",
}
GRID = 5e-4  # m
OUTLINE = 0.003  # m; by how much decimation may move the ends of a mesh
SPECK = 0.002  # m; smaller collision spheres only help MuJoCo's mesh contacts and are left out


def import_robot(source: RobotSource, folder: Path) -> RobotSpec:
    """Write ``folder``'s model, meshes and card from ``source``; raises AssetError when its model does not compile."""
    try:
        model = source.model.compile()
    except ValueError as error:
        raise AssetError(f"Robot {source.name!r}: MuJoCo cannot compile its model: {error}.") from error
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "meshes").mkdir(parents=True)
    write_model(_light_model(model, source, folder), folder / "model.xml")
    for notice in source.notices:
        shutil.copyfile(notice, folder / notice.name)
    first, *others = (_group(model, source, arm) for arm in source.arms)
    spec = RobotSpec(
        name=source.name,
        noun=source.noun,
        files={},
        base_link=source.base_link,
        arm=first.arm,
        tool_link=first.tool_link,
        tool=first.tool,
        flange=first.flange,
        gripper=first.gripper,
        home=first.home,
        others=tuple(others),
        spheres=_spheres(model, source),
        cameras=source.cameras,
        reach=source.reach,
        licence=source.licence,
        gain_source=source.gain_source,
    )
    write_card(folder, spec)
    return spec


def _group(model: mujoco.MjModel, source: RobotSource, arm: ArmSource) -> ArmGroup:
    return ArmGroup(
        name=arm.name,
        arm=_chain(model, source, arm),
        tool_link=arm.tool_link,
        tool=arm.tool,
        flange=_pose(_relative(model, _joint_body(model, arm.joints[-1]), arm.tool_link)),
        gripper=arm.gripper,
        home=arm.home,
    )


def _chain(model: mujoco.MjModel, source: RobotSource, arm: ArmSource) -> tuple[ArmJoint, ...]:
    joints: list[ArmJoint] = []
    parent = source.base_link
    kv = arm.kv or tuple(kp / 10 for kp in arm.kp)
    for i, name in enumerate(arm.joints):
        joint, body = model.joint(name), _joint_body(model, name)
        joints.append(
            ArmJoint(
                name=name,
                link=body,
                origin=_pose(_relative(model, parent, body)),
                axis=vec3(joint.axis),
                lower=float(joint.range[0]),
                upper=float(joint.range[1]),
                max_velocity=arm.max_velocity[i],
                max_acceleration=arm.max_acceleration[i],
                kp=arm.kp[i],
                kv=kv[i],
                max_force=arm.max_force[i],
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
        pieces = [_geom_points(model, g) for g in _solids(model, body)]
        if pieces:
            name = model.body(body).name
            overshoot, slack = source.fine_cover if name in source.fine else source.cover
            found[name] = tuple(cover_with_spheres(pieces, overshoot, slack=slack))
    for arm in source.arms:
        extra = tuple(_ridden(model, arm, found))
        if extra:
            found[arm.tool_link] = found.get(arm.tool_link, ()) + extra
    return found


def _ridden(model: mujoco.MjModel, arm: ArmSource, spheres: dict[str, tuple[Sphere, ...]]) -> Iterator[Sphere]:
    """Spheres of what rides on the tool link without a joint, in that link's frame: a camera, the root of a still jaw.

    Of a finger only those well behind the tool point; planners know the rest of it as a finger.
    """
    fingers = (arm.gripper.left_link, arm.gripper.right_link)
    for name in spheres:
        if name == arm.tool_link or not _rides(model, name, arm.tool_link):
            continue
        at = _relative(model, arm.tool_link, name)
        for x, y, z, radius in spheres[name]:
            centre = transform_points(at, np.array([[x, y, z]]))[0]
            behind = -transform_points(inverse(arm.tool), centre[None])[0, 2] - radius
            if name not in fingers or behind > arm.gripper.palm_clearance / 2:
                yield (float(centre[0]), float(centre[1]), float(centre[2]), radius)


def _rides(model: mujoco.MjModel, body: str, carrier: str) -> bool:
    """Whether no joint lies between ``body`` and the ``carrier`` above it."""
    at = model.body(body).id
    while at and model.body(at).name != carrier:
        if model.body_jntnum[at]:
            return False
        at = int(model.body_parentid[at])
    return bool(at)


def _light_model(model: mujoco.MjModel, source: RobotSource, folder: Path) -> ET.Element:
    root, asset, world = new_model(source.name)
    for material, rgba in _materials(model).items():
        ET.SubElement(asset, "material", name=material, rgba=numbers(rgba.round(4)), specular="0.5", shininess="0.25")
    written = {0: world}
    budget = source.faces / sum(_weight(model, g) for b in range(model.nbody) for g in _visuals(model, b))
    for body in range(1, model.nbody):
        element = _write_body(model, body, written[int(model.body_parentid[body])])
        written[body] = element
        _write_visuals(model, body, (asset, element), folder, budget=budget)
        _write_collisions(model, body, (asset, element), folder)
    if source.ties:
        _write_exclusions(model, ET.SubElement(root, "contact"))
        _write_ties(source, ET.SubElement(root, "equality"))
    return root


def _materials(model: mujoco.MjModel) -> dict[str, Array]:
    """Colours of all visual geoms by material; one without a material goes by its own colour."""
    named = {model.mat(m).name: model.mat_rgba[m] for m in range(model.nmat)}
    plain = {
        _material(model, g): model.geom_rgba[g] for b in range(model.nbody) for g in _visuals(model, b)
        if model.geom_matid[g] < 0
    }  # fmt: skip
    return named | plain


def _material(model: mujoco.MjModel, geom: int) -> str:
    if model.geom_matid[geom] >= 0:
        return model.mat(int(model.geom_matid[geom])).name
    return "colour_" + "_".join(f"{round(float(c) * 255):02x}" for c in model.geom_rgba[geom])


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
    by_material: dict[str, list[int]] = {}
    for g in _visuals(model, body):
        by_material.setdefault(_material(model, g), []).append(g)
    for material, geoms in by_material.items():
        label = f"{model.body(body).name}_{material}"
        parts = [_lighter(_geom_mesh(model, g), max(12, int(budget * _weight(model, g)))) for g in geoms]
        write_obj(folder / "meshes" / f"{label}.obj", shade(joined(parts)))
        ET.SubElement(into[0], "mesh", name=label, file=f"meshes/{label}.obj", inertia="shell")
        ET.SubElement(
            into[1], "geom", type="mesh", mesh=label, material=material, contype="0", conaffinity="0", group="2"
        )


def _write_collisions(model: mujoco.MjModel, body: int, into: tuple[ET.Element, ET.Element], folder: Path) -> None:
    for k, g in enumerate(_solids(model, body)):
        attributes = {"group": "3", "rgba": "0.5 0.5 0.5 1", "friction": "1 0.005 0.0001"}
        kind = GEOM_TYPES.get(mujoco.mjtGeom(int(model.geom_type[g])))
        if kind is not None:
            attributes |= {"type": kind, "size": numbers(model.geom_size[g]), "pos": numbers(model.geom_pos[g])}
            attributes["quat"] = numbers(model.geom_quat[g])
        else:
            label = f"{model.body(body).name}_hull_{k}"
            write_obj(folder / "meshes" / f"{label}.obj", convex_hull(_geom_points(model, g)))
            ET.SubElement(into[0], "mesh", name=label, file=f"meshes/{label}.obj")
            attributes |= {"type": "mesh", "mesh": label}
        ET.SubElement(into[1], "geom", attributes)


def _write_exclusions(model: mujoco.MjModel, contact: ET.Element) -> None:
    """The pairs of bodies that the model lets overlap: the bars of a linkage do."""
    for signature in model.exclude_signature:
        one, other = int(signature) >> 16, int(signature) & 0xFFFF
        ET.SubElement(contact, "exclude", body1=model.body(one).name, body2=model.body(other).name)


def _write_ties(source: RobotSource, equality: ET.Element) -> None:
    """Each linked joint as a linear function of the driven joint it follows, from their travel."""
    for arm in source.arms:
        grip = arm.gripper
        travel = dict(zip((*grip.joints, *grip.linked), grip.travel, strict=bool(grip.travel)))
        for joint in grip.linked:
            mine, leader = np.array(travel[joint]), np.array(travel[source.ties[joint]])
            slope, offset = np.polyfit(leader, mine, 1)
            ET.SubElement(
                equality,
                "joint",
                joint1=joint,
                joint2=source.ties[joint],
                polycoef=numbers([round(offset, 9), round(slope, 9), 0, 0, 0]),
            )


def _solids(model: mujoco.MjModel, body: int) -> list[int]:
    """Geoms of a body that collide."""
    sphere = mujoco.mjtGeom.mjGEOM_SPHERE
    solid = [g for g in _geoms(model, body) if model.geom_contype[g] | model.geom_conaffinity[g]]
    return [g for g in solid if model.geom_type[g] != sphere or model.geom_size[g, 0] > SPECK]


def _visuals(model: mujoco.MjModel, body: int) -> list[int]:
    """Mesh geoms of a body that are only seen; where there are none, the ones it collides with are seen too."""
    meshes = [g for g in _geoms(model, body) if model.geom_type[g] == mujoco.mjtGeom.mjGEOM_MESH]
    only_seen = [g for g in meshes if not model.geom_contype[g] | model.geom_conaffinity[g]]
    return only_seen or meshes


def _geoms(model: mujoco.MjModel, body: int) -> range:
    first = int(model.body_geomadr[body])
    return range(first, first + int(model.body_geomnum[body]))


def _geom_mesh(model: mujoco.MjModel, geom: int) -> trimesh.Trimesh:
    """A mesh geom in its body's frame [m]."""
    mesh = model.mesh(int(model.geom_dataid[geom]))
    v0, nv, f0, nf = (int(a[0]) for a in (mesh.vertadr, mesh.vertnum, mesh.faceadr, mesh.facenum))
    points = transform_points(pose(model.geom_pos[geom], model.geom_quat[geom]), model.mesh_vert[v0 : v0 + nv])
    return trimesh.Trimesh(points, model.mesh_face[f0 : f0 + nf], process=True)


def _geom_points(model: mujoco.MjModel, geom: int) -> Array:
    """Surface points (n, 3) of a collision geom in its body's frame [m] whose convex hull is the geom."""
    kind, size = mujoco.mjtGeom(int(model.geom_type[geom])), model.geom_size[geom]
    if kind == mujoco.mjtGeom.mjGEOM_MESH:
        return np.asarray(_geom_mesh(model, geom).vertices, float)
    if kind == mujoco.mjtGeom.mjGEOM_BOX:
        local = np.array(np.meshgrid(*[[-1.0, 1.0]] * 3)).reshape(3, -1).T * size
    elif kind == mujoco.mjtGeom.mjGEOM_CYLINDER:
        local = np.asarray(trimesh.creation.cylinder(size[0], height=2 * size[1], sections=24).vertices)
    elif kind == mujoco.mjtGeom.mjGEOM_CAPSULE:
        local = np.asarray(trimesh.creation.capsule(height=2 * size[1], radius=size[0], count=[16, 16]).vertices)
        local = local - (local.max(axis=0) + local.min(axis=0)) / 2
    elif kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        local = np.asarray(trimesh.creation.icosphere(subdivisions=2, radius=float(size[0])).vertices)
    else:
        raise AssetError(f"Geom {geom} of body {model.body(int(model.geom_bodyid[geom])).name!r} is a {kind.name}.")
    return quat_rotate(model.geom_quat[geom], local) + model.geom_pos[geom]


def _lighter(mesh: trimesh.Trimesh, faces: int) -> trimesh.Trimesh:
    """The mesh with about ``faces`` triangles, more where it would lose parts of its outline.

    Where edge collapse gets stuck, vertices are merged on a grid first: the long thin triangles of meshes exported from
    CAD would flip at every collapse.
    """
    light = decimate(mesh, faces)
    if len(light.faces) > 2 * faces:
        cells, corner = np.unique(np.round(mesh.vertices / GRID), axis=0, return_inverse=True)
        merged = trimesh.Trimesh(cells * GRID, corner.reshape(-1)[mesh.faces], process=False)
        merged.update_faces(np.asarray(merged.area_faces) > 0)
        light = decimate(merged, faces)
    lost = np.abs(light.bounds - mesh.bounds).max() > OUTLINE
    return _lighter(mesh, 2 * faces) if lost and faces < len(mesh.faces) else light


def _weight(model: mujoco.MjModel, geom: int) -> float:
    """Share of the face budget: below linear, so that small parts keep their shape."""
    return float(model.mesh(int(model.geom_dataid[geom])).facenum[0]) ** 0.7


def _pose(values: Array) -> Pose7:
    return pose7(values[:3], values[3:])
