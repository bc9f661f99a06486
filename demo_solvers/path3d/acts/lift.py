"""``lift a``: raise what is held well above the table, or until it is over another thing."""

from __future__ import annotations

import numpy as np

from demo_solvers.path3d.carried import seen_in
from demo_solvers.path3d.hand import Steps, Stopped, Surroundings, let_go, waypoint
from demo_solvers.path3d.paths import UP, lift_path, moved
from demo_solvers.path3d.perception import Sighting
from demo_solvers.path3d.plan import Action, Path3D, SubGoal
from demo_solvers.path3d.worker import Worker
from pipeline.core import poses

LIFTED = 0.12  # m of a lift
BACK = (0.0, 0.5, 1.0, 1.6)  # of a lift, by which it also goes back towards the robot
STEP_UP = 0.05  # m by which a thing is raised further at a time, until it is over another
MOST_UP = 0.24  # m
CLEAR = 0.012  # m between a raised thing and what it is over
SEEN_WITHIN = 0.010  # m
TURNS = tuple(np.deg2rad((0.0, 45.0, -45.0, 90.0, -90.0, 135.0, -135.0, 180.0)))


def lift(worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
    """Raise what is held, well above the table or until it is over another thing."""
    hand, action = worker.hand, goal.action
    held = worker.held(action)
    over = sighting.things.get(action.to) if action.to else None
    around = Surroundings(sighting.support.height, {}, None)
    yield from _raise(worker, action, LIFTED, around)
    risen = LIFTED
    while over is not None and risen < MOST_UP:
        held.learn(worker.look_at_all(), worker.hand.tool)
        if worker.carried_points()[:, 2].min() > over.top + CLEAR:
            break
        yield from _raise(worker, action, STEP_UP, around)
        risen += STEP_UP
    seen = worker.look_at_all()
    here = float(seen_in(worker.carried_points(), seen.points, SEEN_WITHIN).mean())
    full = here > 0.05 or hand.width > 0.004
    if not worker.answer(goal, yes=full):
        worker.carried = None
        if full:  # only the verifier holds that it is not as it should be: it is put back, to be taken otherwise
            yield from _raise(worker, action, -risen, around)
            yield from let_go(hand, hand.robot.gripper.max_width)
        raise Stopped(
            "grasp_slipped", f"{action.thing} in the raised hand", "nothing is seen there", bodies=(action.thing,)
        )


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
    nearer = moved(tool, 0.20 * back + max(height, LIFTED) * UP)
    last: Stopped | None = None
    for turn in TURNS:
        pose = poses.pose(nearer[:3], poses.quat_multiply(poses.quat_from_yaw(turn), nearer[3:]))
        path = Path3D(action=action, waypoints=(waypoint(pose, note="raised, nearer to the robot"),))
        try:
            hand.rehearse(path, around)
        except Stopped as error:
            last = last or error
            continue
        yield from worker.follow(path, around)
        return
    assert last is not None
    raise last
