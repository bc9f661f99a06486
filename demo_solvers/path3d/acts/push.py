"""``push a to b``: strokes towards the middle of a region, each from where the thing is seen then."""

from __future__ import annotations

import numpy as np

from demo_solvers.path3d.hand import Steps, Stopped
from demo_solvers.path3d.paths import push_path
from demo_solvers.path3d.perception import Sighting
from demo_solvers.path3d.plan import SubGoal
from demo_solvers.path3d.worker import THING, Worker

PUSHES = 5  # strokes of one push
WITHIN = 0.02  # m off the middle of a region, and well in it


def push(worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
    """Push a thing to the middle of a region, in strokes, each from where it is seen then."""
    action, hand = goal.action, worker.hand
    for _ in range(PUSHES):
        thing, region = sighting.things[action.thing], worker.target(action, sighting)
        if float(np.linalg.norm((thing.centre - region.centre)[:2])) < WITHIN:
            break
        path = push_path(action, thing, region.centre[:2], hand.robot, floor=sighting.support.height, gap=0.05)
        around = worker.surroundings(sighting, but=thing)
        yield from worker.follow(path, around, ignore=(THING,))
        sighting = worker.look()
    thing, region = sighting.things[action.thing], worker.target(action, sighting)
    off = float(np.linalg.norm((thing.centre - region.centre)[:2]))
    if not worker.answer(goal, yes=off < 0.35 * float(region.sizes[1])):
        raise Stopped(
            "push_missed",
            f"{action.thing} in {action.to}",
            f"{off * 1000:.0f} mm off its middle",
            amount=off,
            bodies=(action.thing,),
        )
