"""``place a on b``: put what is held where it sinks in as it should, and look whether it is there."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from demo_solvers.path3d.carried import Carried, seen_in
from demo_solvers.path3d.clouds import Array, Cloud
from demo_solvers.path3d.grasps import hand_clear, lowest_of
from demo_solvers.path3d.hand import Steps, Stopped, Surroundings
from demo_solvers.path3d.landing import HeightField, lowest
from demo_solvers.path3d.model_paths import Passage
from demo_solvers.path3d.paths import ABOVE_PLACE, GAP, RELEASE, UP, moved, place_path
from demo_solvers.path3d.perception import Sighting, Unseen
from demo_solvers.path3d.plan import TABLE, Action, Path3D, SubGoal
from demo_solvers.path3d.segments import clusters
from demo_solvers.path3d.trying import first_way
from demo_solvers.path3d.worker import OTHERS, Worker
from pipeline.core import poses

REACH = 1.1  # of the robot's reach, from its foot: where a path may lead
NEAR = 0.30  # m about a thing in which the hand has to mind what stands
ARRIVED = 0.3  # share of a thing's expected points that have to be seen at its place
SEEN_WITHIN = 0.010  # m
TURNS = tuple(np.deg2rad((0.0, 45.0, -45.0, 90.0, -90.0, 135.0, -135.0, 180.0)))
FINE_TURNS = tuple(np.deg2rad(np.arange(-45.0, 46.0, 5.0)))
FITTED = 0.008  # m that something is shifted to fit into or over something
SPOTS = 0.04  # m of the grid of free places on the table
AWAY = 0.05  # m a thing put on the table keeps from others
OVER = 0.02  # m between a thing that is carried and what it is let down on
SLENDER = 2.5  # times as tall as wide: what is let go standing so would topple, and not where it should
LEAN = np.deg2rad(60.0)  # by which it is leaned the way it is to fall
LEANS = ((1, LEAN), (1, -LEAN), (0, LEAN), (0, -LEAN))  # axis of the hand (1: closing) and angle
SIDEWAYS = 0.6  # cosine to the vertical, up to which a tool reaches sideways
DIPS = tuple(np.deg2rad((30.0, 55.0)))  # by which it is turned down where its palm would meet the table
LIES = 0.006  # m that what lies on something may seem to be below most of it
FALLS = (0.0, 0.02, 0.04, 0.06, 0.08)  # m that a thing may fall into a container that the hand does not fit into
LIES_ON_TABLE = 0.010  # m over the table, up to which the lowest seen points of what lies on it are
TIPS_OVER, DROP = 0.003, 0.020  # m between open fingertips and table, and that a thing may fall for their sake


def place(worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
    """Put what is held where it belongs: the attitude and the spot at which it sinks in as it should."""
    action, hand = goal.action, worker.hand
    held = worker.held(action)
    around = worker.surroundings(sighting)
    offers = _ways(worker, action, held, sighting)
    none = Stopped("place_missed", f"a place for {action.thing} {action.relation} {action.to}", "none is free")
    tool, path = first_way(worker, action, offers, around, ignore=(OTHERS, TABLE), otherwise=none)
    path = _written(worker, action, held, path, sighting, around)
    yield from worker.follow(path, around, ignore=(OTHERS, TABLE))
    expected = poses.transform_points(tool, held.points)
    worker.carried = None
    yield from hand.wait(0.3)
    seen = worker.look_at_all()
    there = float(seen_in(expected, seen.points, SEEN_WITHIN).mean())
    if not worker.answer(goal, yes=there > ARRIVED or _lies_there(worker, action)):
        raise Stopped(
            "place_missed", f"{action.thing} {action.relation} {action.to}", f"{there:.0%} of it is seen there",
            amount=there, bodies=(action.thing,),
        )  # fmt: skip


def _ways(worker: Worker, action: Action, held: Carried, sighting: Sighting) -> Iterator[tuple[Array, Array, Path3D]]:
    """Tool poses (7,) at which what is held may be let go, the hand clear, with the paths there; the best first."""
    gripper, standing = worker.hand.robot.gripper, worker.without_carried(sighting.standing.points)
    opening = min(worker.hand.width + 2 * RELEASE, gripper.max_width)
    for tool in landings(worker, action, held, sighting):
        near = standing[np.linalg.norm(standing - tool[:3], axis=1) < NEAR]
        low = float(lowest_of(poses.quat_to_matrix(tool[3:])[None], gripper)[0])
        lacking = sighting.support.height + TIPS_OVER - (tool[2] + low)
        raised = moved(tool, max(0.0, lacking) * UP)
        falls = FALLS if action.relation == "inside" else FALLS[:1]
        let_go = (moved(raised, fall * UP) for fall in falls)
        over = next((t for t in let_go if lacking <= DROP and hand_clear(near, t, gripper, opening)), None)
        if over is not None:
            above = _way_down(worker, held, over, sighting)
            yield raised, tool, place_path(action, over, opening=opening, limit=gripper.max_width, above=above)


def _lies_there(worker: Worker, action: Action) -> bool:
    """Whether what was put on or in a thing is seen there, though not as it was let go: it has fallen or rolled."""
    if action.relation not in ("on", "inside"):
        return False
    try:
        seen = worker.look()
    except Unseen:
        return False
    thing, under = seen.things.get(action.thing), seen.things.get(str(action.to))
    if thing is None:
        return False
    if action.to == TABLE:
        return not len(thing.touching) and thing.base < seen.support.height + LIES_ON_TABLE
    if under is None:
        return False
    low, high = under.cloud.points[:, :2].min(axis=0), under.cloud.points[:, :2].max(axis=0)
    over = ((thing.centre[:2] > low) & (thing.centre[:2] < high)).all()
    if action.relation == "inside":
        return bool(over and thing.base < under.top)
    return bool(over and thing.base > float(np.median(under.cloud.points[:, 2])) - LIES)


def _written(
    worker: Worker, action: Action, held: Carried, path: Path3D, sighting: Sighting, around: Surroundings
) -> Path3D:
    """The path with a model's waypoints on the way, where there is a model and the arm can follow them."""
    if worker.paths is None:
        return path
    hand, points = worker.hand, worker.carried_points()
    start, first = hand.tool_at(hand.q[0]), path.waypoints[0]
    standing = without(sighting.standing, points)
    passage = Passage(
        action=action,
        start=start,
        end=np.array([*first.position, *first.quat]),
        points={f"{n} {k}": p for n, thing in sighting.things.items() for k, p in thing.points.items()},
        obstacles=[
            (standing.points[c.index].min(axis=0), standing.points[c.index].max(axis=0)) for c in clusters(standing)
        ],
        table=sighting.support.height,
        below=float(start[2] - points[:, 2].min()),
        around=float(np.linalg.norm((points - start[:3])[:, :2], axis=1).max()),
        reach=(hand.base[:3], REACH * hand.robot.reach),
    )
    written = worker.paths.between(worker.problem, passage, path)
    try:
        hand.rehearse(written, around, ignore=(OTHERS, TABLE))
    except Stopped as error:
        worker.paths.failed_calls.append(f"not followed: {error}")
        return path
    return written


def without(cloud: Cloud, points: Array) -> Cloud:
    """The points of a cloud that are not near ``points`` (n, 3)."""
    return cloud.of(~seen_in(cloud.points, points, SEEN_WITHIN))


def landings(worker: Worker, action: Action, held: Carried, sighting: Sighting) -> list[Array]:
    """Tool poses (7,) at which what is held may be let go, the best first."""
    tool = worker.hand.tool_at(worker.hand.q[0])
    standing = worker.without_carried(sighting.standing.points)
    field = HeightField(standing, floor=sighting.support.height)
    found = list[Array]()
    for spot in _spots(worker, action, held, sighting):
        attitudes = [tool]
        if action.relation == "on":
            attitudes = [*_leaned(tool, held.points), tool, *_dipped(tool)]
        turned = [_turned_over(at, held.points, spot, turn) for at in attitudes for turn in TURNS]
        if action.relation in ("inserted", "inside"):
            turns = FINE_TURNS if action.relation == "inserted" else TURNS[:4]
            best, sinks = lowest(
                field, held.points, [_turned_over(tool, held.points, spot, t) for t in turns], reach=FITTED
            )
            found.append(moved(best, -(sinks - GAP) * UP))
        found += [moved(t, -(field.rest(held.points, t) - GAP) * UP) for t in turned]
    return found


def _way_down(worker: Worker, held: Carried, tool: Array, sighting: Sighting) -> float:
    """From how far above its place (m) a thing has to come down so as to be over everything that stands there."""
    points = poses.transform_points(tool, held.points)
    low, high = points[:, :2].min(axis=0) - 0.01, points[:, :2].max(axis=0) + 0.01
    standing = worker.without_carried(sighting.standing.points)
    under = standing[((standing[:, :2] > low) & (standing[:, :2] < high)).all(axis=1)]
    top = float(under[:, 2].max()) if len(under) else sighting.support.height
    return max(ABOVE_PLACE, top - float(points[:, 2].min()) + OVER)


def _leaned(tool: Array, held: Array) -> list[Array]:
    """Attitudes of a tool at (7,) from which what stands in the hand, and would topple, falls flat; none for others."""
    size = np.ptp(poses.transform_points(tool, held), axis=0)
    if size[2] < SLENDER * max(size[:2]):
        return []
    axes = poses.quat_to_matrix(tool[3:])
    turns = [poses.quat_from_axis_angle(axes[:, k], angle) for k, angle in LEANS]
    return [poses.pose(tool[:3], poses.quat_multiply(turn, tool[3:])) for turn in turns]


def _dipped(tool: Array) -> list[Array]:
    """Attitudes in which a tool at (7,) that reaches sideways points down more; none for one that does already."""
    axes = poses.quat_to_matrix(tool[3:])
    if axes[2, 2] < -SIDEWAYS:
        return []
    sign = 1.0 if axes[2, 0] < 0 else -1.0
    turns = [poses.quat_from_axis_angle(axes[:, 1], sign * dip) for dip in DIPS]
    return [poses.pose(tool[:3], poses.quat_multiply(turn, tool[3:])) for turn in turns]


def _turned_over(tool: Array, held: Array, spot: Array, turn: float) -> Array:
    """The tool pose (7,) with what is held turned about the vertical and its middle over ``spot`` (2,)."""
    quat = poses.quat_multiply(poses.quat_from_yaw(turn), tool[3:])
    at = poses.pose(tool[:3], quat)
    points = poses.transform_points(at, held)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    return moved(at, np.array([*(spot - middle[:2]), 0.0]))


def _spots(worker: Worker, action: Action, held: Carried, sighting: Sighting) -> list[Array]:
    if action.to != TABLE:
        return [worker.target(action, sighting).centre[:2]]
    standing = worker.without_carried(sighting.standing.points)[:, :2]
    radius = float(np.ptp(held.points, axis=0).max()) / 2
    base, size = worker.hand.base[:2], worker.hand.robot.reach / 0.80
    grid = np.arange(-0.36, 0.37, SPOTS) * size
    spots = base + np.array([(x * size, y) for x in np.arange(0.32, 0.60, SPOTS) for y in grid])
    gap = np.full(len(spots), np.inf)
    if len(standing):
        gap = np.linalg.norm(spots[:, None] - standing[None, ::5], axis=2).min(axis=1)
    free = np.flatnonzero(gap > radius + AWAY)
    now = worker.hand.tool_at(worker.hand.q[0])[:2]
    return [spots[i] for i in free[np.argsort(np.linalg.norm(spots[free] - now, axis=1))][:6]]
