"""Handles: bars on two posts, and how a parallel gripper takes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assets.generators._looks import cylinder, plain
from assets.generators._shapes import between, boxes_visual
from assets.generators._wood import Color
from assets.package import Piece, Visual
from assets.values import pose7, vec3
from pipeline.core.geometry import Box, Grasp, Vec3
from pipeline.core.poses import matrix_to_quat, quat_from_axis_angle, quat_multiply, quat_rotate

BAR, STAND_OFF, POST = 0.018, 0.052, 0.006  # m; an open hand's fingers pass on both sides of the bar
DOWN, FORWARD = (0.0, 0.0, -1.0), (1.0, 0.0, 0.0)


def bar_handle(face: Vec3, *, along: Vec3, length: float, outward: Vec3 = (-1.0, 0.0, 0.0)) -> list[Piece]:
    """A round bar centred ``STAND_OFF`` in front of the point ``face`` of a surface, and its two posts [m].

    Round, so that fingers that hold it may turn about it while a door swings.
    """
    centre, run = np.array(bar_centre(face, outward)), np.array(along)
    bar = cylinder(vec3(centre), BAR / 2, length, axis=along)
    return [bar, *(_post(np.array(face) + s * (length / 2 - POST) * run, centre, outward) for s in (-1, 1))]


def handle_look(handle: Sequence[Piece], color: Color) -> list[Visual]:
    """How a handle looks: a polished round bar and its posts."""
    posts = [p for p in handle if isinstance(p, Box)]
    return [
        plain(*(p for p in handle if not isinstance(p, Box)), color=color, specular=0.6),
        boxes_visual(posts, color=(*color, 1.0), bevel=0.003, specular=0.6),
    ]


def bar_centre(face: Vec3, outward: Vec3 = (-1.0, 0.0, 0.0)) -> Vec3:
    """The middle of the bar of a handle at the point ``face``."""
    return vec3(np.add(face, STAND_OFF * np.array(outward)))


def bar_grasps(
    centre: Vec3,
    *,
    along: Vec3,
    approaches: Sequence[Vec3],
    width: float = BAR,
    offsets: Sequence[float] = (0.0, -0.015, 0.015),
    fall: float = 0.1,
) -> tuple[Grasp, ...]:
    """Fingers across the bar, the hand along each of ``approaches``, at ``offsets`` [m] of it, both half turns.

    The best approach comes first; each further one scores ``fall`` less.
    """
    found: list[Grasp] = []
    for rank, approach in enumerate(approaches):
        closing = np.cross(along, approach)
        closing /= np.linalg.norm(closing)
        quat = matrix_to_quat(np.stack([np.cross(closing, approach), closing, np.array(approach)], axis=-1))
        for offset in offsets:
            place = np.array(centre) + offset * np.array(along)
            score = 1.0 - 10 * abs(offset) - fall * rank
            for turned in (quat, quat_multiply(quat, (0.0, 0.0, 0.0, 1.0))):
                found.append(Grasp(pose=pose7(place, turned), width=width, score=score))
    return tuple(sorted(found, key=lambda g: -g.score))


def around(along: Vec3, forward: Vec3, *, turns: Sequence[float], tilts: Sequence[float]) -> list[Vec3]:
    """Approaches to a bar that runs ``along``: ``forward`` turned about it, then tilted against its run [deg]."""
    run, found = np.array(along), list[Vec3]()
    for tilt in np.radians(tilts):
        for turn in np.radians(turns):
            ahead = quat_rotate(quat_from_axis_angle(run, turn), np.array(forward))
            found.append(vec3(np.cos(tilt) * ahead - np.sin(tilt) * run))
    return found


def round_bar_grasps(centre: Vec3, *, along: Vec3, forward: Vec3, tilts: Sequence[float]) -> tuple[Grasp, ...]:
    """Hands around a round bar, up to 60 degrees off ``forward`` to either side, each tilted by ``tilts`` [deg]."""
    approaches = around(along, forward, turns=(0.0, 30.0, -30.0, 60.0, -60.0), tilts=tilts)
    return bar_grasps(centre, along=along, approaches=approaches, offsets=(0.0,), fall=0.03)


def knob_grasps(middle: Vec3, *, width: float) -> tuple[Grasp, ...]:
    """Hands across a round knob on a front, a twelfth of a turn apart, level and tilted across the closing."""
    found = list[Grasp]()
    for angle in np.radians(np.arange(0.0, 180.0, 30.0)):
        run = (0.0, float(-np.sin(angle)), float(np.cos(angle)))  # square to the knob's axis and to the closing
        tilted = around(run, FORWARD, turns=(0.0,), tilts=(0.0, 35.0, -35.0))
        found += bar_grasps(middle, along=run, approaches=tilted, width=width, offsets=(0.0,))
    return tuple(sorted(found, key=lambda g: -g.score))


def _post(face: np.ndarray, centre: np.ndarray, outward: Vec3) -> Box:
    """From the surface to the back of the bar."""
    out = np.array(outward)
    end = face + (centre - face) @ out * out - BAR / 2 * out
    side = POST * (1 - np.abs(out))
    return between(vec3(np.minimum(face, end) - side), vec3(np.maximum(face, end) + side))
