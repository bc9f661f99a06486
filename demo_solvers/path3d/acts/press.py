"""``press a``: closed fingertips onto a button, further by what it was seen to lack and the fingers fell short."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from demo_solvers.path3d.clouds import Array
from demo_solvers.path3d.hand import Hand, Steps, Stopped, Surroundings
from demo_solvers.path3d.paths import PRESSED, fingertip, press_path
from demo_solvers.path3d.perception import Sighting, Thing
from demo_solvers.path3d.plan import SubGoal
from demo_solvers.path3d.worker import OTHERS, THING, Worker
from pipeline.core import poses

ENOUGH, DOWN = 0.0052, 0.0035  # m that a button is to go down, and that a look counts as down
MOST_SHORT = 0.005  # m that fingertips, which are rounder than they are drawn, may be higher than was meant
BESIDE, TOUCHED = "beside", 0.05  # m about a button, in which fingertips may touch what it is on
PRESSES = tuple((np.deg2rad(lean), np.deg2rad(yaw)) for lean in (0, 20, 35, 50) for yaw in range(-180, 180, 45))


def press(worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
    """Press a button down by a few millimetres, again by what it is seen to lack."""
    action, hand = goal.action, worker.hand
    thing, first = sighting.things[action.thing], worker.beginning[action.thing]
    tried = worker.tried.get(str(action), [])
    depth = PRESSED if not tried else ENOUGH - (first.top - thing.top) + _short(tried[-1], thing, hand)
    around = _apart(worker.surroundings(sighting, but=thing), thing)
    last: Stopped | None = None
    for lean, yaw in PRESSES:
        path = press_path(action, thing, hand.robot, yaw=yaw, lean=lean, depth=depth)
        try:
            hand.rehearse(path, around, ignore=(THING, BESIDE))
        except Stopped as error:
            last = last or error
            continue
        break
    else:
        assert last is not None
        raise last
    worker.note_try(action, np.array([*path.waypoints[1].position, *path.waypoints[1].quat]))
    yield from worker.follow(path, around, ignore=(THING, BESIDE))
    after = worker.look().things.get(action.thing)
    down = 0.0 if after is None else first.top - after.top
    if not worker.answer(goal, yes=down > DOWN):
        raise Stopped(
            "joint_short",
            f"{action.thing} to go down",
            f"its top is {down * 1000:.1f} mm lower",
            amount=down,
            bodies=(action.thing,),
        )


def _apart(around: Surroundings, thing: Thing) -> Surroundings:
    """The surroundings with what is so near to a button that fingertips may touch it apart, under the name BESIDE."""
    others = around.seen[OTHERS]
    near = np.linalg.norm(others - thing.points["top"], axis=1) < TOUCHED
    return replace(around, seen={**around.seen, OTHERS: others[~near], BESIDE: others[near]})


def _short(pose: Array, thing: Thing, hand: Hand) -> float:
    """How much higher (m) the fingertips were than meant, with the tool at (7,): a button stays where they left it."""
    meant = pose[2] + fingertip(poses.quat_to_matrix(pose[3:]), hand.robot)[2]
    return float(np.clip(thing.top - meant, 0.0, MOST_SHORT))
