"""``pull a``: draw a link along its rails by what sticks out of it, or shut it there, and look how it stands then."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from demo_solvers.path3d.acts.rotate import FINGER, THIN, holds_of
from demo_solvers.path3d.articulation import Fit
from demo_solvers.path3d.clouds import Array
from demo_solvers.path3d.grasps import GraspCandidate
from demo_solvers.path3d.hand import Steps, Stopped, let_go, step_back, waypoint
from demo_solvers.path3d.paths import DOWN, SQUEEZE, STANDOFF, UP, moved
from demo_solvers.path3d.perception import Sighting, Thing
from demo_solvers.path3d.plan import TABLE, Action, Path3D, SubGoal
from demo_solvers.path3d.trying import first_way
from demo_solvers.path3d.worker import OTHERS, THING, Worker
from pipeline.core import poses

OPEN = (0.92, 0.82)  # of the range: how far out a link is drawn, the further if the arm can
BESIDE = (0.0, 0.03, -0.03)  # m off the middle of what sticks out, where a link is pushed
STICKING = 0.012  # m behind its outermost point, in which something sticks out
CLEAR, PRESSED = 0.03, 0.003  # m before it from where it is pushed, and beyond where it is shut
ABOVE = 0.12  # m
LEANS = tuple(np.deg2rad((0.0, 25.0, 45.0, 65.0, 90.0, -25.0)))  # from which a hold comes, from ahead to above
IS_OPEN, IS_CLOSED = 0.76, 0.04  # of the range: what a look counts as open or shut


def pull(worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
    """Draw a link open or shut and look how it stands then."""
    action, hand = goal.action, worker.hand
    found = sighting.fits.get(action.thing)
    if found is None or found.hinge.kind != "prismatic":
        raise Stopped("no_plan", f"a drawing of how {action.thing} slides", "there is none", bodies=(action.thing,))
    around = worker.surroundings(sighting, but=sighting.things[action.thing])
    none = Stopped("no_grasp", f"a hold of {action.thing}", "none that the hand is clear at", bodies=(action.thing,))
    touched = (THING, OTHERS, TABLE)
    _, path = first_way(worker, action, _ways(worker, action, sighting, found), around, ignore=touched, otherwise=none)
    yield from worker.follow(path.model_copy(update={"waypoints": path.waypoints[:2]}), around, ignore=touched)
    if path.waypoints[1].gripper is not None and hand.width < THIN:
        yield from let_go(hand, hand.robot.gripper.max_width)
        seen = f"the fingers closed to {hand.width * 1000:.0f} mm"
        raise Stopped("grasp_missed", f"{action.thing} between the fingers", seen, bodies=(action.thing,))
    yield from worker.follow(path.model_copy(update={"waypoints": path.waypoints[2:]}), around, ignore=touched)
    yield from step_back(hand)
    share = worker.look().fits[action.thing].share
    done = share >= IS_OPEN if action.relation == "is_open" else share <= IS_CLOSED
    if not worker.answer(goal, yes=done):
        wanted = f"{action.thing} {action.relation}"
        raise Stopped("joint_short", wanted, f"{share:.0%} open", amount=share, bodies=(action.thing,))


def _ways(worker: Worker, action: Action, sighting: Sighting, found: Fit) -> Iterator[tuple[None, Array, Path3D]]:
    """Ways to move a link: pushed shut, then held and drawn, the furthest first."""
    out = found.axis if found.hinge.opens == "upper" else -found.axis
    thing, reach = sighting.things[action.thing], found.hinge.upper - found.hinge.lower
    opens = action.relation == "is_open"
    if not opens:
        for beside in BESIDE:
            path = _pushed_path(action, thing, out, by=found.share * reach, beside=beside)
            yield None, np.array([*path.waypoints[1].position, *path.waypoints[1].quat]), path
    holds = holds_of(worker, thing, sighting, out, leans=LEANS)
    for wanted in OPEN if opens else (0.0,):
        for grasp in holds:
            yield None, grasp.pose, _held_path(action, grasp, (wanted - found.share) * reach * out)


def _pushed_path(action: Action, thing: Thing, out: Array, *, by: float, beside: float) -> Path3D:
    """Closed fingers that point down, against what sticks out of a link, ``by`` m in and ``PRESSED`` more."""
    across = np.cross(UP, out)
    far = thing.cloud.points @ out
    outermost = thing.cloud.points[far > far.max() - STICKING]
    contact = outermost.mean(axis=0) + (far.max() - float((outermost @ out).mean())) * out + beside * across
    quat = poses.quat_multiply(poses.quat_from_yaw(float(np.arctan2(across[1], across[0]))), DOWN)
    start = poses.pose(contact + (FINGER + CLEAR) * out, quat)
    last = moved(start, -(by + CLEAR + PRESSED) * out)
    return Path3D(
        action=action,
        waypoints=(
            waypoint(moved(start, ABOVE * UP), gripper=0.0, note=f"over the outside of {action.thing}"),
            waypoint(start, motion="straight", note=f"outside {action.thing}"),
            waypoint(last, motion="straight", note=f"{action.thing} pushed shut"),
            waypoint(moved(last, (CLEAR + PRESSED) * out), motion="straight", note="off it"),
            waypoint(moved(last, ABOVE * UP + FINGER * out), motion="straight", note="up"),
        ),
    )


def _held_path(action: Action, grasp: GraspCandidate, by: Array) -> Path3D:
    """Take hold, draw by (3,) m and let go."""
    before = moved(grasp.pose, -STANDOFF * poses.quat_to_matrix(grasp.pose[3:])[:, 2])
    closed = max(0.0, grasp.width - SQUEEZE)
    steps = [moved(grasp.pose, share * by) for share in np.linspace(0.0, 1.0, 4)[1:]]
    drawn = [waypoint(pose, motion="straight", note=f"{action.thing} drawn") for pose in steps]
    drawn[-1] = drawn[-1].model_copy(update={"gripper": grasp.opening})
    return Path3D(
        action=action,
        waypoints=(
            waypoint(before, gripper=grasp.opening, note=f"before {action.thing}"),
            waypoint(grasp.pose, motion="straight", gripper=closed, note=f"at {action.thing}"),
            *drawn,
        ),
    )
