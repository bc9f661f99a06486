"""Shapes of the stage: what is seen, and the colliders, which viewers hide as guides."""

# pyright: reportAttributeAccessIssue=false
# usd-core is a compiled package without stubs: pyright sees none of its names.

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from pxr import Gf, Sdf, Usd, UsdGeom, UsdPhysics, Vt

from pipeline.core.physical_model import Mesh, Shape
from scene_gen.export._usd_looks import Looks
from scene_gen.export._usd_parts import applied, attribute, linear, place

Meshes = Mapping[str, Mesh]
HIDDEN_GROUP = 3
"""MuJoCo shows geoms of groups 0 to 2; colliders with a visual twin are in the third."""
FLOOR_SIZE = 20.0  # m


def add_shapes(stage: Usd.Stage, body: Sdf.Path, shapes: Iterable[Shape], meshes: Meshes, looks: Looks) -> None:
    """The shapes of a body, in ``visuals`` and ``colliders`` below it."""
    counts = {"visuals": 0, "colliders": 0}
    for shape in shapes:
        scope = "colliders" if shape.solid else "visuals"
        path = body.AppendChild(scope)
        UsdGeom.Scope.Define(stage, path)
        gprim = _gprim(stage, path.AppendChild(f"{scope[:-1]}_{counts[scope]}"), shape, meshes)
        counts[scope] += 1
        _look(gprim, shape, looks)
        if shape.solid:
            _collider(gprim, shape, looks)


def add_floor(stage: Usd.Stage, at: Sdf.Path, shapes: Iterable[Shape], looks: Looks) -> None:
    """An endless plane that carries, and a square of it that is seen."""
    UsdGeom.Xform.Define(stage, at)
    for index, shape in enumerate(shapes):
        plane = UsdGeom.Plane.Define(stage, at.AppendChild(f"plane_{index}"))
        plane.CreateAxisAttr("Z")
        plane.CreateWidthAttr(FLOOR_SIZE)
        plane.CreateLengthAttr(FLOOR_SIZE)
        place(plane, shape.pose)
        _collider(plane, shape, looks, hidden=True)
        square = UsdGeom.Mesh.Define(stage, at.AppendChild(f"ground_{index}"))
        _square(square, shape)
        place(square, shape.pose)
        _look(square, shape, looks)


def _gprim(stage: Usd.Stage, path: Sdf.Path, shape: Shape, meshes: Meshes) -> UsdGeom.Gprim:
    x, y, z = shape.size
    if shape.kind == "box":
        cube = UsdGeom.Cube.Define(stage, path)
        cube.CreateSizeAttr(2.0)
        cube.CreateExtentAttr([(-1.0, -1.0, -1.0), (1.0, 1.0, 1.0)])
        place(cube, shape.pose, scale=shape.size)
        return cube
    if shape.kind == "sphere":
        sphere = UsdGeom.Sphere.Define(stage, path)
        sphere.CreateRadiusAttr(x)
        sphere.CreateExtentAttr([(-x, -x, -x), (x, x, x)])
        place(sphere, shape.pose)
        return sphere
    if shape.kind in ("cylinder", "capsule"):
        schema = UsdGeom.Cylinder if shape.kind == "cylinder" else UsdGeom.Capsule
        round_one, end = schema.Define(stage, path), y + (x if shape.kind == "capsule" else 0.0)
        round_one.CreateAxisAttr("Z")
        round_one.CreateRadiusAttr(x)
        round_one.CreateHeightAttr(2.0 * y)
        round_one.CreateExtentAttr([(-x, -x, -end), (x, x, end)])
        place(round_one, shape.pose)
        return round_one
    made = UsdGeom.Mesh.Define(stage, path)
    _triangles(made, meshes[shape.mesh] if shape.mesh else _ellipsoid(np.array([x, y, z])))
    place(made, shape.pose)
    return made


def _triangles(made: UsdGeom.Mesh, mesh: Mesh) -> None:
    made.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(mesh.vertices, np.float32)))
    made.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(mesh.faces), 3, np.int32)))
    made.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(np.ascontiguousarray(mesh.faces.ravel(), np.int32)))
    made.CreateSubdivisionSchemeAttr("none")
    made.CreateExtentAttr(Vt.Vec3fArray([Gf.Vec3f(*v.tolist()) for v in (mesh.vertices.min(0), mesh.vertices.max(0))]))
    if len(mesh.normal_faces):
        normals = mesh.normals[mesh.normal_faces.ravel()].astype(np.float32)
        made.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(normals)))
        made.SetNormalsInterpolation(UsdGeom.Tokens.faceVarying)
    if len(mesh.texcoord_faces):
        # USD's pictures start at the bottom left.
        upright = np.stack([mesh.texcoords[:, 0], 1.0 - mesh.texcoords[:, 1]], axis=1).astype(np.float32)
        _texcoords(made, upright, mesh.texcoord_faces.ravel())


def _texcoords(made: UsdGeom.Mesh, values: NDArray[np.float32], indices: NDArray[np.integer]) -> None:
    kind, interpolation = Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.faceVarying
    primvar = UsdGeom.PrimvarsAPI(made.GetPrim()).CreatePrimvar("st", kind, interpolation)
    primvar.Set(Vt.Vec2fArray.FromNumpy(np.ascontiguousarray(values)))
    primvar.SetIndices(Vt.IntArray.FromNumpy(np.ascontiguousarray(indices, np.int32)))


def _square(made: UsdGeom.Mesh, shape: Shape) -> None:
    half = FLOOR_SIZE / 2
    corners = np.array([[-half, -half, 0], [half, -half, 0], [half, half, 0], [-half, half, 0]], np.float32)
    made.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(corners))
    made.CreateFaceVertexCountsAttr([4])
    made.CreateFaceVertexIndicesAttr([0, 1, 2, 3])
    made.CreateSubdivisionSchemeAttr("none")
    made.CreateExtentAttr([Gf.Vec3f(*corners[0].tolist()), Gf.Vec3f(*corners[2].tolist())])
    made.CreateNormalsAttr([Gf.Vec3f(0, 0, 1)] * 4)
    made.SetNormalsInterpolation(UsdGeom.Tokens.faceVarying)
    across = np.array(shape.look.repeat) * (FLOOR_SIZE if shape.look.per_metre else 1.0)
    _texcoords(made, (corners[:, :2] / FLOOR_SIZE * across).astype(np.float32), np.arange(4))


def _look(gprim: UsdGeom.Gprim, shape: Shape, looks: Looks) -> None:
    prim = gprim.GetPrim()
    if shape.solid and shape.group >= HIDDEN_GROUP:
        gprim.CreatePurposeAttr(UsdGeom.Tokens.guide)
    gprim.CreateDisplayColorAttr([linear(shape.look.rgba)])
    if shape.look_name is not None:
        looks.visual(prim, shape.look_name, shape.look)


def _collider(gprim: UsdGeom.Gprim, shape: Shape, looks: Looks, *, hidden: bool = False) -> None:
    prim = gprim.GetPrim()
    if hidden:
        gprim.CreatePurposeAttr(UsdGeom.Tokens.guide)
    UsdPhysics.CollisionAPI.Apply(prim)
    if prim.IsA(UsdGeom.Mesh):
        UsdPhysics.MeshCollisionAPI.Apply(prim).CreateApproximationAttr(UsdPhysics.Tokens.convexHull)
    looks.tactile(prim, shape.friction)
    attribute(prim, "mjc:solref", Sdf.ValueTypeNames.DoubleArray, Vt.DoubleArray(list(shape.solref)))
    applied(prim, "MjcCollisionAPI")


def _ellipsoid(half: NDArray[np.floating], *, rings: int = 12, sectors: int = 24) -> Mesh:
    """UsdGeom has no ellipsoid, and a squashed sphere is no collider: triangles of one, poles at the ends of z."""
    theta, phi = np.linspace(0, np.pi, rings + 1), np.arange(sectors) * 2 * np.pi / sectors
    t, p = np.meshgrid(theta, phi, indexing="ij")
    unit = np.stack([np.sin(t) * np.cos(p), np.sin(t) * np.sin(p), np.cos(t)], axis=-1).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(rings), np.arange(sectors), indexing="ij")
    a, b = i * sectors + j, i * sectors + (j + 1) % sectors
    faces = np.concatenate([np.stack([a, a + sectors, b], -1), np.stack([b, a + sectors, b + sectors], -1)])
    faces = faces.reshape(-1, 3).astype(np.int32)
    no_texture = np.zeros((0, 2), np.float32), np.zeros((0, 3), np.int32)
    normals = (unit / half) / np.linalg.norm(unit / half, axis=1, keepdims=True)
    return Mesh((unit * half).astype(np.float32), faces, normals.astype(np.float32), faces, *no_texture)
