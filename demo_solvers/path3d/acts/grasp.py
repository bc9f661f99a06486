"""``grasp a``: take a thing by the best grasp that the arm reaches, and draw it out of what it is in."""

from __future__ import annotations

from itertools import islice

import numpy as np

from demo_solvers.path3d.acts.pour import can_tip
from demo_solvers.path3d.carried import Carried, seen_in
from demo_solvers.path3d.clouds import Array
from demo_solvers.path3d.grasps import GraspCandidate, grasp_candidates, twin
from demo_solvers.path3d.hand import Steps, Stopped, Surroundings, let_go, waypoint
from demo_solvers.path3d.paths import UP, grasp_path, moved
from demo_solvers.path3d.perception import Sighting, Thing
from demo_solvers.path3d.plan import TABLE, Action, Path3D, SubGoal
from demo_solvers.path3d.trying import first_way
from demo_solvers.path3d.worker import THING, Worker
from pipeline.core import poses

NEAR = 0.30  # m about a thing in which the hand has to mind what stands
THIN = 0.5  # of the expected width: a hand that has closed further holds nothing
STILL_THERE = 0.5  # share of a thing's old points: more of them seen where they were, and it has not moved
SEEN_WITHIN = 0.010  # m
DRAW, LONGEST = 0.04, 0.20  # m that a thing is drawn on at a time, and in all
SIDES = tuple(np.array([np.cos(a), np.sin(a), 0.0]) for a in np.deg2rad((0.0, 45.0, -45.0, 90.0, -90.0)))
"""Level approaches (3,), those ahead of the robot first."""
TO_TIP = 16  # grasps of a vessel that is to be tipped, for which that is looked into
OUT = 0.024  # m beyond what it was in, at which it counts as out


def grasp(worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
    """Take a thing: the best grasps that the arm reaches, one after the other over the retries."""
    action, hand = goal.action, worker.hand
    thing = sighting.things[action.thing]
    around = worker.surroundings(sighting, but=thing)
    pull = pull_of(thing)
    found = iter(ranked(worker, thing, sighting, pull, level=action.over is not None))
    if action.over is not None:
        found = (g for g in islice(found, TO_TIP) if can_tip(worker, action.over, thing, g.pose, sighting, around))
    offers = ((g, g.pose, grasp_path(action, g, pull=pull)) for g in found)
    none = Stopped(
        "no_grasp", f"a grasp of {action.thing}", "no candidate that the hand is clear at", bodies=(action.thing,)
    )
    candidate, path = first_way(worker, action, offers, around, ignore=(THING, TABLE), otherwise=none)
    yield from worker.follow(path, around, ignore=(THING, TABLE))
    closed = hand.width
    if closed < max(THIN * candidate.width - 0.002, 0.0012):
        worker.answer(goal, yes=False)
        yield from let_go(hand, candidate.opening)
        raise Stopped(
            "grasp_missed", f"{action.thing} between the fingers, {candidate.width * 1000:.0f} mm wide",
            f"the fingers closed to {closed * 1000:.0f} mm", amount=closed, bodies=(action.thing,),
        )  # fmt: skip
    local = poses.transform_points(poses.inverse(candidate.pose), thing.cloud.points)
    worker.carried = Carried(action.thing, local, thing.touching.points)
    yield from _check_taken(worker, goal, thing)


def _check_taken(worker: Worker, goal: SubGoal, thing: Thing) -> Steps:
    """Look whether the thing has left its place with the hand, and learn its whole shape in the hand."""
    hand = worker.hand
    seen = worker.look_at_all()
    there = float(seen_in(thing.cloud.points, seen.points, 0.005).mean())
    expected = worker.carried_points()
    here = float(seen_in(expected, seen.points, SEEN_WITHIN).mean())
    yes = here > 0.10 or there < STILL_THERE
    if not worker.answer(goal, yes=yes):
        worker.carried = None
        yield from let_go(hand, hand.robot.gripper.max_width)
        raise Stopped(
            "grasp_slipped", f"{goal.action.thing} to come along",
            f"{there:.0%} of it is seen where it was", amount=there, bodies=(goal.action.thing,),
        )  # fmt: skip
    assert worker.carried is not None
    worker.carried.learn(seen, worker.hand.tool)
    yield from _draw_out(worker, goal.action, pull_of(thing))


def _draw_out(worker: Worker, action: Action, pull: Array) -> Steps:
    """Draw on until what is held has left what it was in: no more of it comes to light near there."""
    hand, held = worker.hand, worker.held(action)
    if not len(held.taken_from):
        return
    edge, drawn = float((held.taken_from @ pull).max()), 0.0
    while drawn < LONGEST and float((worker.carried_points() @ pull).min()) < edge + OUT:
        path = Path3D(
            action=action, waypoints=(waypoint(moved(hand.tool_at(hand.q[0]), DRAW * pull), motion="straight"),)
        )
        around = Surroundings(worker.memory_height, {}, None)
        try:
            yield from worker.follow(path, around)
        except Stopped:
            return  # further than the arm reaches; whether it is out shows in what follows
        drawn += DRAW
        held.learn(worker.look_at_all(), worker.hand.tool)


def ranked(
    worker: Worker, thing: Thing, sighting: Sighting, pull: Array, *, level: bool = False
) -> list[GraspCandidate]:
    """Grasps of a thing, best first, each followed by its twin; ``level``: those from the side come first."""
    others = sighting.hand.points
    others = others[np.linalg.norm(others - thing.centre, axis=1) < NEAR]
    others = others[~seen_in(others, thing.cloud.points)]
    aside = pull - pull[2] * UP
    approaches = [*(SIDES if level else ()), -UP]
    if np.linalg.norm(aside) > 0.5:
        approaches.append(-aside / np.linalg.norm(aside))
    found = grasp_candidates(
        thing.cloud.points,
        others,
        worker.hand.robot.gripper,
        wanted=_wanted(thing),
        floor=sighting.support.height,
        approaches=approaches,
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
