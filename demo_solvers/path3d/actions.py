"""The actions: grasp, lift, place, push and press, each with a look afterwards that says whether it worked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demo_solvers.path3d.clouds import Array, Cloud
from demo_solvers.path3d.grasps import GraspCandidate, grasp_candidates, twin
from demo_solvers.path3d.hand import Hand, Steps, Stopped, Surroundings, waypoint
from demo_solvers.path3d.landing import HeightField, lowest
from demo_solvers.path3d.paths import (
    GAP,
    RELEASE,
    UP,
    grasp_path,
    lift_path,
    moved,
    place_path,
    press_path,
    push_path,
)
from demo_solvers.path3d.perception import Sighting, Thing
from demo_solvers.path3d.plan import TABLE, Action, Path3D, SubGoal
from demo_solvers.path3d.segments import components
from demo_solvers.path3d.worker import OTHERS, THING, Carried, Worker, seen_in
from pipeline.core import poses

NEAR = 0.30  # m about a thing in which the hand has to mind what stands
LIFTED = 0.12  # m of a lift
BACK = (0.0, 0.5, 1.0, 1.6)  # of a lift, by which it also goes back towards the robot
STEP_UP = 0.05  # m by which a thing is raised further at a time, until it is over another
MOST_UP = 0.24  # m
CLEAR = 0.012  # m between a raised thing and what it is over
THIN = 0.5  # of the expected width: a hand that has closed further holds nothing
STILL_THERE = 0.5  # share of a thing's old points: more of them seen where they were, and it has not moved
ARRIVED = 0.3  # share of a thing's expected points that have to be seen at its place
SEEN_WITHIN = 0.010  # m
TURNS = tuple(np.deg2rad((0.0, 45.0, -45.0, 90.0, -90.0, 135.0, -135.0, 180.0)))
FINE_TURNS = tuple(np.deg2rad(np.arange(-45.0, 46.0, 5.0)))
FITTED = 0.008  # m that something is shifted to fit into or over something
SPOTS = 0.04  # m of the grid of free places on the table
AWAY = 0.05  # m a thing put on the table keeps from others
PUSHES = 5  # strokes of one push
WITHIN = 0.02  # m off the middle of a region, and well in it


def grasp(worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
    """Take a thing: the best grasps that the arm reaches, one after the other over the retries."""
    action, hand = goal.action, worker.hand
    thing = sighting.things[action.thing]
    around = worker.surroundings(sighting, but=thing)
    pull = pull_of(thing)
    last: Stopped | None = None
    for candidate in ranked(worker, thing, sighting, pull):
        if not worker.is_new(action, candidate.pose):
            continue
        path = grasp_path(action, candidate, pull=pull)
        try:
            hand.rehearse(path, around, ignore=(THING,))
            way = hand.way_to(path.waypoints[0], hand.q[0], around)
        except Stopped as error:
            last = last or error
            continue
        del way
        break
    else:
        raise last or Stopped("no_grasp", f"a grasp of {action.thing}", "no candidate that the hand is clear at", bodies=(action.thing,))
    worker.note_try(action, candidate.pose)
    yield from worker.follow(path, around, ignore=(THING,))
    closed = hand.width
    tool_then = hand.tool_at(hand.q[0])
    tool_at_grasp = candidate.pose
    if closed < max(THIN * candidate.width - 0.002, 0.0012):
        worker.answer(goal, yes=False)
        yield from let_go(worker, candidate.opening)
        raise Stopped(
            "grasp_missed", f"{action.thing} between the fingers, {candidate.width * 1000:.0f} mm wide",
            f"the fingers closed to {closed * 1000:.0f} mm", amount=closed, bodies=(action.thing,),
        )  # fmt: skip
    del tool_then
    local = poses.transform_points(poses.inverse(tool_at_grasp), thing.cloud.points)
    worker.carried = Carried(action.thing, local, thing.touching.points)
    yield from _check_taken(worker, goal, thing)


def _check_taken(worker: Worker, goal: SubGoal, thing: Thing) -> Steps:
    """Look whether the thing has left its place with the hand, and learn its whole shape in the hand."""
    hand = worker.hand
    seen = worker.look_at_all()
    there = float(seen_in(thing.cloud.points, seen.points, 0.005).mean())
    expected = carried_points(worker)
    here = float(seen_in(expected, seen.points, SEEN_WITHIN).mean())
    yes = here > 0.10 or there < STILL_THERE
    if not worker.answer(goal, yes=yes):
        worker.carried = None
        yield from let_go(worker, hand.robot.gripper.max_width)
        raise Stopped(
            "grasp_slipped", f"{goal.action.thing} to come along",
            f"{there:.0%} of it is seen where it was", amount=there, bodies=(goal.action.thing,),
        )  # fmt: skip
    assert worker.carried is not None
    worker.carried.points = in_hand(worker, seen)


def lift(worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
    """Raise what is held, well above the table or until it is over another thing."""
    hand, action = worker.hand, goal.action
    held = _held(worker, action)
    over = sighting.things.get(action.to) if action.to else None
    around = Surroundings(sighting.support.height, {}, None)
    yield from _raise(worker, action, LIFTED, around)
    risen = LIFTED
    while over is not None and risen < MOST_UP:
        held.points = in_hand(worker, worker.look_at_all())
        if carried_points(worker)[:, 2].min() > over.top + CLEAR:
            break
        yield from _raise(worker, action, STEP_UP, around)
        risen += STEP_UP
    seen = worker.look_at_all()
    here = float(seen_in(carried_points(worker), seen.points, SEEN_WITHIN).mean())
    if not worker.answer(goal, yes=here > 0.05 or hand.width > 0.004):
        worker.carried = None
        raise Stopped("grasp_slipped", f"{action.thing} in the raised hand", "nothing is seen there", bodies=(action.thing,))


def _raise(worker: Worker, action: Action, height: float, around: Surroundings) -> Steps:
    """Straight up, or up and back towards the robot where the arm is not long enough."""
    hand = worker.hand
    tool = hand.tool_at(hand.q[0])
    back = np.array([*(hand.base[:2] - tool[:2]), 0.0])
    back /= max(float(np.linalg.norm(back)), 1e-9)
    for share in BACK:
        path = lift_path(action, moved(tool, share * height * back), height)
        try:
            hand.rehearse(path, around)
        except Stopped:
            continue
        yield from worker.follow(path, around)
        return
    nearer = moved(tool, 0.25 * back + max(height, LIFTED) * UP)
    yield from worker.follow(Path3D(action=action, waypoints=(waypoint(nearer, note="raised, nearer to the robot"),)), around)


def place(worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
    """Put what is held where it belongs: the attitude and the spot at which it sinks in as it should."""
    action, hand = goal.action, worker.hand
    held = _held(worker, action)
    around = worker.surroundings(sighting)
    last: Stopped | None = None
    for tool in landings(worker, action, held, sighting):
        if not worker.is_new(action, tool):
            continue
        opening = hand.width + 2 * RELEASE
        path = place_path(action, tool, opening=opening, limit=hand.robot.gripper.max_width)
        try:
            hand.rehearse(path, around, ignore=(OTHERS,))
            hand.way_to(path.waypoints[0], hand.q[0], around)
        except Stopped as error:
            last = last or error
            continue
        break
    else:
        raise last or Stopped("place_missed", f"a place for {action.thing} {action.relation} {action.to}", "none is free")
    worker.note_try(action, tool)
    yield from worker.follow(path, around, ignore=(OTHERS,))
    expected = poses.transform_points(tool, held.points)
    worker.carried = None
    yield from hand.wait(0.3)
    seen = worker.look_at_all()
    there = float(seen_in(expected, seen.points, SEEN_WITHIN).mean())
    if not worker.answer(goal, yes=there > ARRIVED):
        raise Stopped(
            "place_missed", f"{action.thing} {action.relation} {action.to}", f"{there:.0%} of it is seen there",
            amount=there, bodies=(action.thing,),
        )  # fmt: skip


def push(worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
    """Push a thing to the middle of a region, in strokes, each from where it is seen then."""
    action, hand = goal.action, worker.hand
    for _ in range(PUSHES):
        thing, region = sighting.things[action.thing], _target(worker, action, sighting)
        if float(np.linalg.norm((thing.centre - region.centre)[:2])) < WITHIN:
            break
        path = push_path(action, thing, region.centre[:2], hand.robot, floor=sighting.support.height, gap=0.05)
        around = worker.surroundings(sighting, but=thing)
        yield from worker.follow(path, around, ignore=(THING,))
        sighting = worker.look()
    thing, region = sighting.things[action.thing], _target(worker, action, sighting)
    off = float(np.linalg.norm((thing.centre - region.centre)[:2]))
    if not worker.answer(goal, yes=off < 0.35 * float(region.sizes[1])):
        raise Stopped("push_missed", f"{action.thing} in {action.to}", f"{off * 1000:.0f} mm off its middle", amount=off, bodies=(action.thing,))


def press(worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
    """Press a button down by a few millimetres, further each time that it is not seen to have gone down."""
    action, hand = goal.action, worker.hand
    thing = sighting.things[action.thing]
    again = len(worker.tried.get(str(action), []))
    around = worker.surroundings(sighting, but=thing)
    last: Stopped | None = None
    for yaw in (0.0, np.pi / 2, np.pi / 4, -np.pi / 4):
        path = press_path(action, thing, hand.robot, yaw=yaw, deeper=0.0015 * again)
        try:
            hand.rehearse(path, around, ignore=(THING, OTHERS))
        except Stopped as error:
            last = last or error
            continue
        break
    else:
        assert last is not None
        raise last
    worker.note_try(action, np.array([*path.waypoints[1].position, *path.waypoints[1].quat]))
    yield from worker.follow(path, around, ignore=(THING, OTHERS))
    after = worker.look().things.get(action.thing)
    down = 0.0 if after is None else thing.top - after.top
    if not worker.answer(goal, yes=down > 0.0035):
        raise Stopped("joint_short", f"{action.thing} to go down", f"its top is {down * 1000:.1f} mm lower", amount=down, bodies=(action.thing,))


Act = Callable[[Worker, SubGoal, Sighting], Steps]
ACTIONS: dict[str, Act] = {"grasp": grasp, "lift": lift, "place": place, "push": push, "press": press}


def ranked(worker: Worker, thing: Thing, sighting: Sighting, pull: Array) -> list[GraspCandidate]:
    """Grasps of a thing, best first, each followed by its twin."""
    others = sighting.hand.points
    others = others[np.linalg.norm(others - thing.centre, axis=1) < NEAR]
    others = others[~seen_in(others, thing.cloud.points)]
    level = pull - pull[2] * UP
    approaches = [-UP]
    if np.linalg.norm(level) > 0.5:
        approaches.append(-level / np.linalg.norm(level))
    found = grasp_candidates(
        thing.cloud.points, others, worker.hand.robot.gripper, wanted=_wanted(thing), floor=sighting.support.height, approaches=approaches
    )
    return [g for candidate in found for g in (candidate, twin(candidate))]


def _wanted(thing: Thing) -> Array:
    """The part to take: the middle, or of what is tall a point nearer to its top."""
    centre, height = thing.centre, thing.top - thing.base
    return np.array([*centre[:2], max(centre[2], thing.top - 0.05)]) if height > 0.08 else centre


def pull_of(thing: Thing) -> Array:
    """The direction (3,) in which a thing comes out of what it touches: up, or sideways from something taller."""
    if not len(thing.touching) or thing.top > thing.touching.points[:, 2].max() - 0.004:
        return UP
    away = thing.centre - (thing.touching.points.min(axis=0) + thing.touching.points.max(axis=0)) / 2
    away[2] = 0.0
    return away / max(float(np.linalg.norm(away)), 1e-9)


def carried_points(worker: Worker) -> Array:
    """Where the points (n, 3) of what is held are now in the world, from the joints."""
    assert worker.carried is not None
    return poses.transform_points(worker.hand.tool_at(worker.hand.measured[worker.hand.arm.columns]), worker.carried.points)


def in_hand(worker: Worker, seen: Cloud) -> Array:
    """Points (n, 3) of what is held, in the tool's frame: as it was seen before and as it is seen in the hand now."""
    assert worker.carried is not None
    tool = worker.hand.tool_at(worker.hand.measured[worker.hand.arm.columns])
    known = carried_points(worker)
    near = seen.points[np.linalg.norm(seen.points - tool[:3], axis=1) < NEAR]
    near = near[~seen_in(near, worker.carried.taken_from, 0.012)]
    floor = seen.points[:, 2].min() if len(seen) else 0.0
    near = near[near[:, 2] > floor + 0.01]
    if len(near):
        both = np.concatenate([known, near])
        mine = components(both, 0.010)
        wanted = np.unique(mine[: len(known)])
        near = near[np.isin(mine[len(known) :], wanted)]
    local = poses.transform_points(poses.inverse(tool), np.concatenate([known, near]))
    cells = np.unique(np.round(local / 0.004).astype(int), axis=0, return_index=True)[1]
    return local[np.sort(cells)]


def landings(worker: Worker, action: Action, held: Carried, sighting: Sighting) -> list[Array]:
    """Tool poses (7,) at which what is held may be let go, the best first."""
    tool = worker.hand.tool_at(worker.hand.q[0])
    standing = worker.without_carried(sighting.standing.points)
    field = HeightField(standing, floor=sighting.support.height)
    middle = (held.points.min(axis=0) + held.points.max(axis=0)) / 2
    found = list[Array]()
    for spot in _spots(worker, action, held, sighting):
        turned = [_turned_over(tool, held.points, spot, turn) for turn in TURNS]
        if action.relation in ("inserted", "inside"):
            turns = FINE_TURNS if action.relation == "inserted" else TURNS[:4]
            best, sinks = lowest(field, held.points, [_turned_over(tool, held.points, spot, t) for t in turns], reach=FITTED)
            found.append(moved(best, -(sinks - GAP) * UP))
        found += [moved(t, -(field.rest(held.points, t) - GAP) * UP) for t in turned]
    del middle
    return found


def _turned_over(tool: Array, held: Array, spot: Array, turn: float) -> Array:
    """The tool pose (7,) with what is held turned about the vertical and its middle over ``spot`` (2,)."""
    quat = poses.quat_multiply(poses.quat_from_yaw(turn), tool[3:])
    at = poses.pose(tool[:3], quat)
    points = poses.transform_points(at, held)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    return moved(at, np.array([*(spot - middle[:2]), 0.0]))


def _spots(worker: Worker, action: Action, held: Carried, sighting: Sighting) -> list[Array]:
    if action.to != TABLE:
        return [_target(worker, action, sighting).centre[:2]]
    standing = worker.without_carried(sighting.standing.points)[:, :2]
    radius = float(np.ptp(held.points, axis=0).max()) / 2
    base, size = worker.hand.base[:2], worker.hand.robot.reach / 0.80
    grid = np.arange(-0.36, 0.37, SPOTS) * size
    spots = np.array([base + (x * size, y) for x in np.arange(0.32, 0.60, SPOTS) for y in grid])
    gap = np.full(len(spots), np.inf)
    if len(standing):
        gap = np.linalg.norm(spots[:, None] - standing[None, ::5], axis=2).min(axis=1)
    free = np.flatnonzero(gap > radius + AWAY)
    now = worker.hand.tool_at(worker.hand.q[0])[:2]
    return [spots[i] for i in free[np.argsort(np.linalg.norm(spots[free] - now, axis=1))][:6]]


def _target(worker: Worker, action: Action, sighting: Sighting) -> Thing:
    """The thing that something goes to, as it is seen now or was before it was hidden."""
    assert action.to is not None
    before = worker.memory.get(action.to)
    now = sighting.things.get(action.to)
    if now is not None and before is not None and now.flat and len(now.cloud) < 0.8 * len(before.cloud):
        return before
    found = now or before
    if found is None:
        raise Stopped("not_found", f"{action.to} in view", "it is not there", bodies=(action.to,))
    return found


def _held(worker: Worker, action: Action) -> Carried:
    if worker.carried is None:
        raise Stopped("grasp_slipped", f"{action.thing} in the hand", "the hand is empty", bodies=(action.thing,))
    return worker.carried


def let_go(worker: Worker, opening: float) -> Steps:
    """Open and go back along the approach."""
    hand = worker.hand
    yield from hand.grip(opening)
    yield from step_back(hand)


def step_back(hand: Hand) -> Steps:
    """Go back along the approach, else up, as far as the arm can."""
    tool = hand.tool_at(hand.q[0])
    free = Surroundings(-1.0, {}, None)
    for way in (-poses.quat_to_matrix(tool[3:])[:, 2], UP):
        path = Path3D(action=Action(verb="lift", thing="hand"), waypoints=(waypoint(moved(tool, 0.09 * way), motion="straight"),))
        try:
            yield from hand.follow(path, free)
        except Stopped:
            continue
        return
