"""What a compiled MuJoCo model holds of each body: visuals with their materials, convex pieces, joints, masses."""

# The bindings of mujoco carry no type information.
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np
import trimesh
from numpy.typing import NDArray
from PIL import Image

from assets.importers.mesh_file import small_texture
from assets.package import Visual
from pipeline.core.asset import AssetSpec
from pipeline.core.errors import AssetError
from pipeline.core.geometry import Box
from pipeline.core.poses import compose, pose, quat_to_matrix

Array = NDArray[np.float64]


def compile_asset(spec: AssetSpec, folder: Path) -> mujoco.MjModel:
    """The asset's model alone; raises AssetError with what MuJoCo says."""
    try:
        return mujoco.MjModel.from_xml_path(str(folder / spec.model))
    except (ValueError, OSError) as error:
        raise AssetError(f"MuJoCo cannot compile the model of asset {spec.name!r}: {error}") from error


def seen_extent(model: mujoco.MjModel) -> Array:
    """(2, 3) lowest and highest corner of all that is seen at zero joint positions, in the base frame [m]."""
    data = mujoco.MjData(model)
    if model.nq >= 7 and model.jnt_type[0] == mujoco.mjtJoint.mjJNT_FREE:
        data.qpos[:7] = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)
    mujoco.mj_kinematics(model, data)
    signs = np.array(list(np.ndindex(2, 2, 2))) * 2.0 - 1
    seen = [g for g in range(model.ngeom) if not _collides(model, g)] or list(range(model.ngeom))
    corners = [
        data.geom_xpos[g]
        + (model.geom_aabb[g, :3] + signs * model.geom_aabb[g, 3:]) @ data.geom_xmat[g].reshape(3, 3).T
        for g in seen
    ]
    points = np.concatenate(corners)
    return np.stack([points.min(axis=0), points.max(axis=0)])


def asset_pieces(model: mujoco.MjModel, link: str) -> list[Box | trimesh.Trimesh]:
    """The convex collision pieces of a link in its own frame."""
    return [_piece(model, g) for g in geoms_of(model, model.body(link or "base").id) if _collides(model, g)]


def asset_visuals(model: mujoco.MjModel, link: str) -> list[Visual]:
    """What is seen of a link, in its own frame."""
    body = model.body(link or "base").id
    return [geom_visual(model, g) for g in geoms_of(model, body) if not _collides(model, g)]


def geoms_of(model: mujoco.MjModel, body: int) -> range:
    """The geoms of one body."""
    first = int(model.body_geomadr[body])
    return range(first, first + int(model.body_geomnum[body]))


def geom_visual(model: mujoco.MjModel, geom: int) -> Visual:
    """A geom's surface in its body's frame with its texture or colour; planes and height fields are refused."""
    mesh = geom_mesh(model, geom)
    material = int(model.geom_matid[geom])
    texture = int(model.mat_texid[material].max()) if material >= 0 else -1
    uv = _texture_coordinates(model, geom)
    if texture >= 0 and uv is not None and len(uv) == len(mesh.vertices):
        return Visual(mesh, uv, _texture(model, texture))
    rgba = model.mat_rgba[material] if material >= 0 else model.geom_rgba[geom]
    r, g, b, a = (float(v) for v in rgba)
    return Visual(mesh, color=(r, g, b, a))


def geom_mesh(model: mujoco.MjModel, geom: int) -> trimesh.Trimesh:
    """A geom's surface in its body's frame [m]; raises AssetError for a plane or a height field."""
    matrix = np.eye(4)
    matrix[:3, :3] = quat_to_matrix(model.geom_quat[geom])
    matrix[:3, 3] = model.geom_pos[geom]
    mesh = _shape(model, geom)
    mesh.apply_transform(matrix)
    return mesh


def body_place(model: mujoco.MjModel, body: int, ancestor: int) -> Array:
    """T_ancestor_body (4, 4) at zero joint positions."""
    result, at = pose((0.0, 0.0, 0.0)), body
    while at != ancestor:
        result = compose(pose(model.body_pos[at], model.body_quat[at]), result)
        at = int(model.body_parentid[at])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = quat_to_matrix(result[3:]), result[:3]
    return matrix


def _shape(model: mujoco.MjModel, geom: int) -> trimesh.Trimesh:
    size, kind = [float(v) for v in model.geom_size[geom]], int(model.geom_type[geom])
    kinds = mujoco.mjtGeom
    if kind == kinds.mjGEOM_MESH:
        return _mesh(model, int(model.geom_dataid[geom]))
    if kind == kinds.mjGEOM_BOX:
        return trimesh.creation.box([2 * v for v in size])
    if kind == kinds.mjGEOM_SPHERE:
        return trimesh.creation.icosphere(3, size[0])
    if kind == kinds.mjGEOM_CYLINDER:
        return trimesh.creation.cylinder(size[0], 2 * size[1], sections=32)
    if kind == kinds.mjGEOM_CAPSULE:
        return trimesh.creation.capsule(2 * size[1], size[0], count=[16, 16])
    if kind == kinds.mjGEOM_ELLIPSOID:
        ball = trimesh.creation.icosphere(3, 1.0)
        ball.apply_scale(size)
        return ball
    name = kinds(kind).name.removeprefix("mjGEOM_").lower()
    raise AssetError(f"A geom of body {model.body(int(model.geom_bodyid[geom])).name!r} is a {name}; give it a solid.")


def _mesh(model: mujoco.MjModel, index: int) -> trimesh.Trimesh:
    """A mesh asset as compiled: centred, so that a geom's pose places it."""
    v, nv = int(model.mesh_vertadr[index]), int(model.mesh_vertnum[index])
    f, nf = int(model.mesh_faceadr[index]), int(model.mesh_facenum[index])
    points, faces = np.array(model.mesh_vert[v : v + nv], float), np.array(model.mesh_face[f : f + nf])
    corners = _uv_indices(model, index)
    if corners is None:
        return trimesh.Trimesh(points, faces, process=False)
    pairs, back = np.unique(np.stack([faces.ravel(), corners.ravel()], axis=1), axis=0, return_inverse=True)
    return trimesh.Trimesh(points[pairs[:, 0]], back.reshape(-1, 3), process=False)


def _texture_coordinates(model: mujoco.MjModel, geom: int) -> Array | None:
    """(n, 2) of the vertices that :func:`_mesh` makes, v upwards; None without."""
    if model.geom_type[geom] != mujoco.mjtGeom.mjGEOM_MESH:
        return None
    index = int(model.geom_dataid[geom])
    corners = _uv_indices(model, index)
    if corners is None:
        return None
    f, nf = int(model.mesh_faceadr[index]), int(model.mesh_facenum[index])
    pairs = np.unique(np.stack([model.mesh_face[f : f + nf].ravel(), corners.ravel()], axis=1), axis=0)
    first = int(model.mesh_texcoordadr[index])
    uv = np.array(model.mesh_texcoord[first + pairs[:, 1]], float)
    return np.stack([uv[:, 0], 1.0 - uv[:, 1]], axis=1)  # MuJoCo counts rows from the top


def _uv_indices(model: mujoco.MjModel, index: int) -> NDArray[np.int32] | None:
    if int(model.mesh_texcoordadr[index]) < 0:
        return None
    f, nf = int(model.mesh_faceadr[index]), int(model.mesh_facenum[index])
    return np.array(model.mesh_facetexcoord[f : f + nf])


def _texture(model: mujoco.MjModel, index: int) -> NDArray[np.uint8]:
    height, width, channels = (int(a[index]) for a in (model.tex_height, model.tex_width, model.tex_nchannel))
    start = int(model.tex_adr[index])
    data = np.asarray(model.tex_data[start : start + height * width * channels], np.uint8)
    rgb = np.repeat(data.reshape(height, width, channels)[..., :3], 3 if channels == 1 else 1, axis=2)
    return small_texture(Image.fromarray(np.ascontiguousarray(rgb)))


def _piece(model: mujoco.MjModel, geom: int) -> Box | trimesh.Trimesh:
    if model.geom_type[geom] != mujoco.mjtGeom.mjGEOM_BOX:
        return trimesh.convex.convex_hull(geom_mesh(model, geom).vertices)
    x, y, z, qw, qx, qy, qz = (float(v) for v in (*model.geom_pos[geom], *model.geom_quat[geom]))
    a, b, c = (float(v) for v in model.geom_size[geom])
    return Box(pose=(x, y, z, qw, qx, qy, qz), half=(a, b, c))


def _collides(model: mujoco.MjModel, geom: int) -> bool:
    return bool(model.geom_contype[geom] | model.geom_conaffinity[geom])
