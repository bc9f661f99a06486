"""Starts for a push: the object some way from its region, squarely behind it, with room for the fingers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Unplaceable
from pipeline.core.poses import Array
from scene_gen.footprint import Rectangle, footprint, free
from scene_gen.workspace import CLEARANCE, TRIES, Workspace, standing

DISTANCE = (0.12, 0.20)  # m between the centres at the start
OFF_ZONE = 0.02  # m between the object's centre and the region's edge, at least: a start must not be a goal
ASKEW = float(np.deg2rad(15.0))  # to either side of a region's axes, where the object is to come to lie along them
SKEW = float(np.deg2rad(8.0))  # a face within 6 degrees of the push: 14 of 16; at random angles: 8 of 16
ROOM = 0.10  # m behind the object for the closed fingers and their approach
HAND = 0.05  # m half the width that the fingers sweep
TAIL = (0.22, 0.72)  # m from a Panda's base to the hand behind the object
FORWARD = float(np.deg2rad(100.0))  # pushes lead away from the robot or sideways: the arm then stays out of the way


def push_start(
    name: str,
    asset: AssetSpec,
    zone: Rectangle,
    taken: Sequence[Rectangle],
    stream: np.random.Generator,
    *,
    workspace: Workspace,
    askew: float = np.inf,
) -> Array:
    """A pose (7,) from which ``asset`` can be pushed straight into ``zone``; raises :class:`Unplaceable`.

    The push leads along one of the region's axes, off by at most ``askew`` rad.
    """
    for _ in range(TRIES):
        heading = stream.uniform(-FORWARD, FORWARD)
        along = np.array([np.cos(heading), np.sin(heading)])
        distance = stream.uniform(*DISTANCE)
        if distance < _edge(zone, along) + OFF_ZONE or _off_axis(heading - zone.yaw) > askew:
            continue
        at = standing(asset, (zone.x, zone.y) - distance * along, _square_on(heading, stream))
        if _fits(footprint(asset, at), along, zone, taken, workspace=workspace):
            return at
    raise Unplaceable(f"No place from which {name!r} could be pushed into its region; use a smaller object or region.")


def corridor(start: Rectangle, zone: Rectangle) -> Rectangle:
    """The strip that a push sweeps, from behind the start to the region's middle."""
    offset = np.array([zone.x - start.x, zone.y - start.y])
    distance = float(np.hypot(*offset))
    along = offset / max(distance, 1e-9)
    behind = max(start.half_x, start.half_y) + ROOM
    middle = np.array([start.x, start.y]) + along * (distance - behind) / 2
    half_width = max(HAND, float(np.hypot(start.half_x, start.half_y)))
    return Rectangle(
        float(middle[0]), float(middle[1]), float(np.arctan2(along[1], along[0])), (distance + behind) / 2, half_width
    )


def _square_on(heading: float, stream: np.random.Generator) -> float:
    """A yaw with one of the four faces across the push."""
    return float(heading + stream.integers(4) * np.pi / 2 + stream.uniform(-SKEW, SKEW))


def _off_axis(angle: float) -> float:
    """How far [rad] a direction is from the nearest of four at right angles."""
    return float(abs((angle + np.pi / 4) % (np.pi / 2) - np.pi / 4))


def _edge(zone: Rectangle, along: Array) -> float:
    """Distance [m] from the region's middle to its edge against the push."""
    local = np.abs(zone.axes @ along)
    return float(np.min(np.array([zone.half_x, zone.half_y]) / np.maximum(local, 1e-9)))


def _fits(start: Rectangle, along: Array, zone: Rectangle, taken: Sequence[Rectangle], *, workspace: Workspace) -> bool:
    tail = np.array([start.x, start.y]) - along * (max(start.half_x, start.half_y) + ROOM)
    behind = float(np.hypot(*tail)) / workspace.size
    in_reach = workspace.reachable(start.x, start.y) and TAIL[0] <= behind <= TAIL[1]
    return in_reach and free(corridor(start, zone), taken) and free(start, taken, CLEARANCE)
