"""``pour a to b``: tip a held vessel about its lip over the opening of another, and look whether it is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, product

import numpy as np

from demo_solvers.path3d.carried import seen_in
from demo_solvers.path3d.clouds import Array
from demo_solvers.path3d.hand import Steps, Stopped, Surroundings, waypoint
from demo_solvers.path3d.paths import UP
from demo_solvers.path3d.perception import Sighting, Thing
from demo_solvers.path3d.plan import Action, Path3D, SubGoal
from demo_solvers.path3d.trying import first_way
from demo_solvers.path3d.worker import THING, Worker
from pipeline.core import poses

TILT = np.deg2rad(105.0)  # by which the hand tips it: from 80 degrees on it runs, and it gives way between the fingers
STEPS = 10  # waypoints of a tilt
RIM = 0.008  # m below a vessel's highest points, in which its rim lies
OVER = (0.03, 0.07, 0.11)  # m from the lip down to the opening: a hand above the lip needs room
HIGHER = 0.02  # m that a vessel is higher to begin with
FIRM = 0.7  # least cosine between the way it is tipped and the closing direction: across it the vessel would swing
HEADINGS = np.arange(12) * np.pi / 6  # rad, the ways a vessel may be tipped
TURNS = (0.0, np.pi / 2, -np.pi / 2, np.pi)  # rad that it is turned about the vertical before
BACK = (0.3, 0.0)  # of the opening's half width, by which the lip stays on the vessel's side of the middle
LOOKED_AT = 48  # tilts that are rehearsed before a vessel is taken
COMPARED, APART = 200, 0.008  # points of a vessel, and m that they keep from all others
SEEN_WITHIN = 0.010  # m
THERE = 0.10  # share of the vessel's points that have to be seen where it is to lean


def pour(worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
    """Bring what is held upright over the other thing and tip it; it stays so."""
    action, hand = goal.action, worker.hand
    held = worker.held(action)
    around = worker.surroundings(sighting)
    found = _ways(action, hand.tool_at(hand.q[0]), held.points, worker.target(action, sighting), around)
    offers = ((None, tilt[-1], path) for tilt, path in found)
    none = Stopped("ik_failed", f"a way to tip {action.thing} over {action.to}", "none", bodies=(action.thing,))
    _, path = first_way(worker, action, offers, around, ignore=(), otherwise=none)
    yield from worker.follow(path, around)
    there = float(seen_in(held.at(hand.tool), worker.look_at_all().points, SEEN_WITHIN).mean())
    if not worker.answer(goal, yes=there > THERE):
        seen = f"{there:.0%} of it is seen where the hand should have it"
        raise Stopped("pour_missed", f"{action.thing} tipped over {action.to}", seen, amount=there)


def can_tip(worker: Worker, over: str, thing: Thing, grasp: Array, sighting: Sighting, around: Surroundings) -> bool:
    """Whether a hand that takes a vessel at ``grasp`` (7,), where it stands now, could tip it over another thing."""
    target = sighting.things.get(over)
    if target is None:
        return True
    local = poses.transform_points(poses.inverse(grasp), thing.cloud.points)
    seen = {name: points for name, points in around.seen.items() if name != THING}
    carrying = replace(around, seen=seen, held=local)
    action = Action(verb="pour", thing=thing.name, to=over)
    for _, path in islice(_ways(action, grasp, local, target, carrying), LOOKED_AT):
        try:
            worker.hand.rehearse(path, carrying)
        except Stopped:
            continue
        return True
    return False


def _ways(
    action: Action, tool: Array, held: Array, target: Thing, around: Surroundings
) -> Iterator[tuple[list[Array], Path3D]]:
    """Tilts, and the paths of these, on which what is held (n, 3) keeps away from all that stands around."""
    standing = np.concatenate([np.zeros((0, 3)), *around.seen.values()])
    for tilt in tilts(tool, held, target):
        if _clear(tilt, held, standing):
            yield tilt, _path(action, tilt)


def tilts(tool: Array, held: Array, target: Thing) -> Iterator[list[Array]]:
    """Tool poses (7,) of a tilt, upright first: the lip comes down while the vessel turns about it.

    With the tool at (7,) the vessel, ``held`` (n, 3) in the tool's frame, stands upright.
    """
    points = poses.transform_points(tool, held)
    middle, radius = rim(points)
    centre, half = opening(target)
    tall = middle[2] - float(points[:, 2].min())
    closing = poses.quat_to_matrix(tool[3:])[:, 1]
    ahead = [np.array([np.cos(heading), np.sin(heading), 0.0]) for heading in HEADINGS]
    ways = sorted((way for way in ahead if abs(way @ closing) >= FIRM), key=lambda way: -abs(way @ closing))
    for over, way, turn, back in product(OVER, ways, TURNS, BACK):
        lip, yaw, found = middle + radius * way, poses.quat_from_yaw(turn), list[Array]()
        aside = poses.quat_rotate(yaw, -back * half * way)
        for angle in np.linspace(0.0, TILT, STEPS + 1):
            quat = poses.quat_multiply(yaw, poses.quat_from_axis_angle(np.cross(UP, way), angle))
            at = centre + aside + (over + (tall + HIGHER) * max(np.cos(angle), 0.0)) * UP
            place = at + poses.quat_rotate(quat, tool[:3] - lip)
            found.append(poses.pose(place, poses.quat_multiply(quat, tool[3:])))
        yield found


def _clear(tilt: list[Array], held: Array, standing: Array) -> bool:
    """Whether what is ``held`` (n, 3), in the hand's frame, keeps away from what stands (m, 3) all the way."""
    some = held[:: max(1, len(held) // COMPARED)]
    return not any(seen_in(poses.transform_points(tool, some), standing, APART).any() for tool in tilt)


def _path(action: Action, tilt: list[Array]) -> Path3D:
    first, *rest = tilt
    return Path3D(
        action=action,
        waypoints=(
            waypoint(first, note=f"over {action.to}"),
            *(waypoint(tool, motion="straight", note=f"{action.thing} tipped") for tool in rest),
        ),
    )


def rim(points: Array) -> tuple[Array, float]:
    """Middle (3,) and radius [m] of the rim of a standing vessel with ``points`` (n, 3)."""
    top = float(points[:, 2].max())
    edge = points[points[:, 2] > top - RIM]
    low, high = edge[:, :2].min(axis=0), edge[:, :2].max(axis=0)
    return np.array([*(low + high) / 2, top]), float((high - low).min() / 2)


def opening(thing: Thing) -> tuple[Array, float]:
    """Middle (3,) and half width [m] of a container's opening: what lies within its rim."""
    return np.array([*thing.centre[:2], thing.top]), float(thing.sizes[1] / 2)
