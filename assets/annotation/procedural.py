"""The procedural annotator: what a body affords and where its handle is, from geometry and joints alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy import ndimage

from assets.annotation.containers import height_map
from assets.annotation.describe import describe
from assets.annotation.grasps import Approach, sample_grasps
from assets.annotation.solids import Solids
from assets.values import vec3
from pipeline.core.asset import Affordance
from pipeline.core.geometry import BodyGeometry, Box, Joint
from pipeline.core.robot import Gripper

Array = NDArray[np.float64]
Pieces = Sequence[Box | trimesh.Trimesh]
MIN_GRASPS, GOOD_GRASP = 8, 0.3
BALL = 0.012  # m; half width of a cavity that takes a 2 cm ball with some play
GAP = 0.003  # m; half width of a crack between convex pieces that does not count as an opening
SHELF = 0.02  # m; half width of a top that can carry something
PUSH_HEIGHT, PUSH_WEIGHT = 0.15, 2.0  # m, kg
POUR_DEPTH = 0.05  # m
STEP, SWING = 0.02, 0.35  # m, rad; what travels less is pressed or turned rather than opened


def annotate_body(
    pieces: Pieces, visuals: Sequence[trimesh.Trimesh], *, gripper: Gripper, mass: float, fixed: bool
) -> tuple[BodyGeometry, tuple[Affordance, ...]]:
    """Geometry of a base link that stands on z = 0, and what it affords; ``mass`` in kg."""
    asked: tuple[Affordance, ...] = ("support", "container") if fixed else ("support", "container", "graspable")
    found = describe(pieces, visuals, asked, gripper=gripper)
    solids = Solids.of(pieces)
    cavity = found.cavity if found.cavity is not None and encloses(solids, found.cavity) else None
    support = found.support if found.support is not None and _carries(found, cavity) else None
    graspable = len(found.grasps) >= MIN_GRASPS and any(g.score > GOOD_GRASP for g in found.grasps)
    geometry = found.model_copy(
        update={
            "cavity": cavity,
            "support": support,
            "grasps": found.grasps if graspable else (),
            "keypoints": found.keypoints | _opening(cavity),
            "axes": found.axes | ({"opening": (0.0, 0.0, 1.0)} if cavity else {}),
        }
    )
    return geometry, _affordances(geometry, mass=mass, fixed=fixed)


def annotate_link(
    pieces: Pieces, visuals: Sequence[trimesh.Trimesh], joint: Joint, *, gripper: Gripper, origin: Array
) -> BodyGeometry:
    """Geometry of a moving link in its own frame, whose origin lies at ``origin`` (3,) [m] in the base frame.

    The handle is the middle of what stands out farthest in the direction that the joint opens.
    """
    solids = Solids.of(pieces)
    pull = _pull(solids, joint, origin)
    found = describe(pieces, visuals, ("container",), gripper=gripper)
    surface, _ = solids.surface(2000, seed=3)
    reach = surface @ pull if joint.kind == "prismatic" else np.linalg.norm(_arm(surface, joint, origin), axis=1)
    handle = surface[reach >= reach.max() - 0.01].mean(axis=0)
    toward = Approach(direction=vec3(-pull), limit=60.0, floor=None)
    seen = np.concatenate([trimesh.sample.sample_surface(v, 3000, seed=5)[0] for v in visuals])
    grasps = sample_grasps(solids, gripper, approaches=(toward,), obstacles=seen)
    near = tuple(g for g in grasps if np.linalg.norm(np.array(g.pose[:3]) - handle) < 0.1)
    cavity = found.cavity if found.cavity is not None and encloses(solids, found.cavity) else None
    return found.model_copy(
        update={"cavity": cavity, "keypoints": {"handle": vec3(handle)}, "axes": {"pull": vec3(pull)}, "grasps": near}
    )


def joint_affordances(joints: Sequence[Joint]) -> tuple[Affordance, ...]:
    """What joints make of an asset: openable, or pressable and turnable where they move only a little."""
    found = set[Affordance]()
    for joint in joints:
        travel = joint.upper - joint.lower
        if joint.kind == "prismatic":
            found.add("openable" if travel > STEP else "pressable")
        else:
            found.add("openable" if SWING < travel <= np.pi + 0.1 else "turnable")
    return tuple(sorted(found))


def encloses(solids: Solids, cavity: Box) -> bool:
    """Whether walls stand all around the cavity at half its depth, and a 2 cm ball fits between them."""
    if min(cavity.half[:2]) < BALL:
        return False
    x, y, top = height_map(solids)
    reach = max(1, round(GAP / float(min(x[1] - x[0], y[1] - y[0]))))
    border = reach + 1
    low = np.pad(top < cavity.pose[2], border, constant_values=True)  # beside the object everything is open
    low = np.asarray(ndimage.binary_erosion(low, iterations=reach, border_value=1), bool)
    labels = np.asarray(cast(tuple[NDArray[np.int32], int], ndimage.label(low))[0])
    i, j = int(np.abs(x - cavity.pose[0]).argmin()) + border, int(np.abs(y - cavity.pose[1]).argmin()) + border
    return bool(labels[i, j] != 0 and labels[i, j] != labels[0, 0])


def _carries(found: BodyGeometry, cavity: Box | None) -> bool:
    """Whether the flat area is the top of the thing, or nearly, and wide enough."""
    assert found.support is not None
    top = found.bounds.pose[2] + found.bounds.half[2]
    return cavity is None and min(found.support.half[:2]) >= SHELF and found.support.pose[2] > top - 0.01


def _opening(cavity: Box | None) -> dict[str, tuple[float, float, float]]:
    if cavity is None:
        return {}
    return {"opening": (cavity.pose[0], cavity.pose[1], cavity.pose[2] + cavity.half[2])}


def _affordances(geometry: BodyGeometry, *, mass: float, fixed: bool) -> tuple[Affordance, ...]:
    half, found = geometry.bounds.half, set[Affordance]()
    if geometry.grasps:
        found.add("graspable")
    if geometry.support is not None:
        found.add("support")
    if geometry.cavity is not None:
        found.add("container")
        if not fixed and 2 * geometry.cavity.half[2] >= POUR_DEPTH and geometry.grasps:
            found.add("pourable")
    squat = half[2] <= 1.2 * min(half[:2]) and 2 * half[2] <= PUSH_HEIGHT
    if not fixed and squat and mass <= PUSH_WEIGHT and geometry.cavity is None:
        found.add("pushable")
    return tuple(sorted(found))


def _pull(solids: Solids, joint: Joint, origin: Array) -> Array:
    """Unit direction (3,) in which the link's far end begins to move when the joint opens."""
    sign, axis = (1.0 if joint.opens == "upper" else -1.0), np.array(joint.axis)
    if joint.kind == "prismatic":
        return sign * axis
    surface, _ = solids.surface(2000, seed=3)
    arm = _arm(surface, joint, origin)
    motion = sign * np.cross(axis, arm[np.linalg.norm(arm, axis=1).argmax()])
    size = float(np.linalg.norm(motion))
    return motion / size if size > 1e-9 else axis


def _arm(points: Array, joint: Joint, origin: Array) -> Array:
    """Vectors (n, 3) from the joint's axis to points in the link's frame."""
    axis = np.array(joint.axis)
    offset = points + origin - np.array(joint.anchor)
    return offset - (offset @ axis)[:, None] * axis
