"""``press a``: closed fingertips onto a button, further each time that it is not seen to have gone down."""

from __future__ import annotations

import numpy as np

from demo_solvers.path3d.hand import Steps, Stopped
from demo_solvers.path3d.paths import press_path
from demo_solvers.path3d.perception import Sighting
from demo_solvers.path3d.plan import SubGoal
from demo_solvers.path3d.worker import OTHERS, THING, Worker

PRESSES = tuple((np.deg2rad(lean), np.deg2rad(yaw)) for lean in (0, 20, 35, 50) for yaw in range(-180, 180, 45))


def press(worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
    """Press a button down by a few millimetres, further each time that it is not seen to have gone down."""
    action, hand = goal.action, worker.hand
    thing = sighting.things[action.thing]
    again = len(worker.tried.get(str(action), []))
    around = worker.surroundings(sighting, but=thing)
    last: Stopped | None = None
    for lean, yaw in PRESSES:
        path = press_path(action, thing, hand.robot, yaw=yaw, lean=lean, deeper=0.0015 * again)
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
        raise Stopped(
            "joint_short",
            f"{action.thing} to go down",
            f"its top is {down * 1000:.1f} mm lower",
            amount=down,
            bodies=(action.thing,),
        )
