"""Handles: bars on two posts, and how a parallel gripper takes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assets.generators._shapes import between
from assets.values import pose7, vec3
from pipeline.core.geometry import Box, Grasp, Vec3
from pipeline.core.poses import matrix_to_quat, quat_from_axis_angle, quat_multiply

BAR, STAND_OFF, POST = 0.018, 0.052, 0.006  # m; an open hand's fingers pass on both sides of the bar
# An arm on the table reaches hands that slope forward and down over a drawer's or door's travel; level ones seldom.
SLOPE = np.radians(40.0)
SLOPES = np.radians([40.0, 30.0, 50.0, 20.0])
DOWN, FORWARD = (0.0, 0.0, -1.0), (1.0, 0.0, 0.0)


def bar_handle(face: Vec3, *, along: Vec3, length: float, outward: Vec3 = (-1.0, 0.0, 0.0)) -> list[Box]:
    """A bar centred ``STAND_OFF`` in front of the point ``face`` of a surface, and its two posts [m].

    A level bar on a front is turned so that a hand at ``SLOPE`` grips its faces squarely.
    """
    centre, run = np.array(bar_centre(face, outward)), np.array(along)
    half = BAR / 2 * np.ones(3) + (length / 2 - BAR / 2) * np.abs(run)
    turn = SLOPE if abs(along[1]) and outward[0] else 0.0
    bar = Box(pose=pose7(centre, quat_from_axis_angle((0.0, 1.0, 0.0), turn)), half=vec3(half))
    return [bar, *(_post(np.array(face) + s * (length / 2 - POST) * run, centre, outward) for s in (-1, 1))]


def bar_centre(face: Vec3, outward: Vec3 = (-1.0, 0.0, 0.0)) -> Vec3:
    """The middle of the bar of a handle at the point ``face``."""
    return vec3(np.add(face, STAND_OFF * np.array(outward)))


def bar_grasps(centre: Vec3, *, along: Vec3, approaches: Sequence[Vec3], width: float = BAR) -> tuple[Grasp, ...]:
    """Fingers across the bar, the hand along each of ``approaches`` (best first), at three places, both half turns."""
    found: list[Grasp] = []
    for rank, approach in enumerate(approaches):
        closing = np.cross(along, approach)
        closing /= np.linalg.norm(closing)
        quat = matrix_to_quat(np.stack([np.cross(closing, approach), closing, np.array(approach)], axis=-1))
        for offset in (0.0, -0.015, 0.015):
            place = np.array(centre) + offset * np.array(along)
            score = 1.0 - 10 * abs(offset) - 0.1 * rank
            for turned in (quat, quat_multiply(quat, (0.0, 0.0, 0.0, 1.0))):
                found.append(Grasp(pose=pose7(place, turned), width=width, score=score))
    return tuple(sorted(found, key=lambda g: -g.score))


def sloping(slopes: Sequence[float] = tuple(SLOPES)) -> list[Vec3]:
    """Directions that point forward and down by ``slopes`` [rad]."""
    return [(float(np.cos(s)), 0.0, float(-np.sin(s))) for s in slopes]


def _post(face: np.ndarray, centre: np.ndarray, outward: Vec3) -> Box:
    """From the surface to the back of the bar."""
    out = np.array(outward)
    end = face + (centre - face) @ out * out - BAR / 2 * out
    side = POST * (1 - np.abs(out))
    return between(vec3(np.minimum(face, end) - side), vec3(np.maximum(face, end) + side))
