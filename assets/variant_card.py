"""The card of an asset in another size or weight: every length, mass and joint on it scaled."""

from __future__ import annotations

import numpy as np

from assets.values import vec3
from pipeline.core.asset import AssetSpec
from pipeline.core.errors import AssetError
from pipeline.core.geometry import BodyGeometry, Box, Grasp, Joint, Pose7, Vec3

NOTE = "changed in size or look by domain randomisation"


def varied_card(spec: AssetSpec, *, scale: Vec3, mass: float, joint_friction: float) -> AssetSpec:
    """``spec`` with everything on it scaled; raises :class:`AssetError` when only one side of a free thing would be."""
    even = len(set(scale)) == 1
    if not even and (not spec.fixed or spec.joints):
        raise AssetError(f"Asset {spec.name!r} moves; give it the same scale along all sides.")
    stable = tuple(p.model_copy(update={"height": p.height * scale[2]}) for p in spec.stable_poses)
    note = "; ".join(filter(None, (spec.licence.note, NOTE)))
    return spec.model_copy(
        update={
            "mass": spec.mass * mass * float(np.prod(scale)),
            "stable_poses": stable,
            "links": {name: _geometry(shape, scale) for name, shape in spec.links.items()},
            "joints": tuple(_joint(j, scale, joint_friction) for j in spec.joints),
            "licence": spec.licence.model_copy(update={"note": note}),
        }
    )


def _geometry(shape: BodyGeometry, scale: Vec3) -> BodyGeometry:
    return shape.model_copy(
        update={
            "bounds": _box(shape.bounds, scale),
            "collision": tuple(_box(b, scale) for b in shape.collision),
            "support": shape.support and _box(shape.support, scale),
            "cavity": shape.cavity and _box(shape.cavity, scale),
            "keypoints": {name: _point(point, scale) for name, point in shape.keypoints.items()},
            "grasps": tuple(_grasp(g, scale) for g in shape.grasps),
        }
    )


def _box(box: Box, scale: Vec3) -> Box:
    if len(set(scale)) > 1 and not np.allclose(np.abs(box.pose[3]), 1.0):
        raise AssetError("A rotated box cannot be stretched along one side; scale it evenly.")
    return Box(pose=_pose(box.pose, scale), half=_point(box.half, scale))


def _grasp(grasp: Grasp, scale: Vec3) -> Grasp:
    # The hand keeps its size: what it held through before says little of the new size.
    shake = grasp.shake if scale == (1.0, 1.0, 1.0) else None
    return grasp.model_copy(
        update={"pose": _pose(grasp.pose, scale), "width": grasp.width * max(scale), "shake": shake}
    )


def _joint(joint: Joint, scale: Vec3, friction: float) -> Joint:
    length = scale[0] if joint.kind == "prismatic" else 1.0
    return joint.model_copy(
        update={
            "anchor": _point(joint.anchor, scale),
            "lower": joint.lower * length,
            "upper": joint.upper * length,
            "damping": joint.damping * friction,
            "friction": joint.friction * friction,
        }
    )


def _pose(pose: Pose7, scale: Vec3) -> Pose7:
    x, y, z = _point(pose[:3], scale)
    return (x, y, z, *pose[3:])


def _point(point: Vec3, scale: Vec3) -> Vec3:
    return vec3(np.multiply(point, scale))
