"""``rotate a``: swing a link about its hinge: by what it is held by, or with closed fingers against its outside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from demo_solvers.path3d.articulation import Fit
from demo_solvers.path3d.carried import seen_in
from demo_solvers.path3d.clouds import Array
from demo_solvers.path3d.grasps import GraspCandidate, grasp_candidates, twin
from demo_solvers.path3d.hand import Steps, Stopped, let_go, step_back, waypoint
from demo_solvers.path3d.paths import DOWN, SQUEEZE, STANDOFF, UP, moved
from demo_solvers.path3d.perception import Sighting, Thing
from demo_solvers.path3d.plan import TABLE, Action, Path3D, SubGoal
from demo_solvers.path3d.trying import first_way
from demo_solvers.path3d.worker import OTHERS, THING, Worker
from pipeline.core import poses

OPEN, CLOSED = 0.86, 0.05  # of the range: where a link is swung to be open, and to be pressed shut from there
IS_OPEN, IS_CLOSED = 0.76, 0.02  # of the range: what a look counts as open or shut
ARC = 10  # waypoints of a swing, at most
NEAR = 0.30  # m
PIVOTS = tuple(np.deg2rad((0.0, 30.0, 60.0, -30.0, 90.0)))  # rad that the hand turns back in all while it swings
BESIDE = (0.085, -0.085)  # m along the hinge, off the middle, where a link is pushed
THIN = 0.002  # m: a hand that has closed further holds nothing
NEARLY = 0.3  # of the range: what is no further open can be pressed shut
PRESSED = 0.003  # m beyond where it is shut, that it is pressed
LEVER = 0.87  # of a link's reach from its hinge, where it is pushed
FINGER = 0.014  # m from the middle of closed fingers to their outside


def rotate(worker: Worker, goal: SubGoal, sighting: Sighting) -> Steps:
    """Swing a link open or shut and look how it stands then."""
    action, hand = goal.action, worker.hand
    found = sighting.fits.get(action.thing)
    if found is None or found.hinge.kind != "revolute":
        raise Stopped("no_plan", f"a drawing of how {action.thing} swings", "there is none", bodies=(action.thing,))
    wanted = OPEN if action.relation == "is_open" else CLOSED
    around = worker.surroundings(sighting, but=sighting.things[action.thing])
    offers = ((None, _contact(path), path) for path in _ways(worker, action, sighting, found, wanted))
    none = Stopped("no_grasp", f"a hold of {action.thing}", "none that the hand is clear at", bodies=(action.thing,))
    _, path = first_way(worker, action, offers, around, ignore=(THING, OTHERS, TABLE), otherwise=none)
    first = path.model_copy(update={"waypoints": path.waypoints[:2]})
    yield from worker.follow(first, around, ignore=(THING, OTHERS, TABLE))
    if path.waypoints[1].gripper is not None and hand.width < THIN:
        yield from let_go(hand, hand.robot.gripper.max_width)
        seen = f"the fingers closed to {hand.width * 1000:.0f} mm"
        raise Stopped("grasp_missed", f"{action.thing} between the fingers", seen, bodies=(action.thing,))
    rest = path.model_copy(update={"waypoints": path.waypoints[2:]})
    yield from worker.follow(rest, around, ignore=(THING, OTHERS, TABLE))
    yield from step_back(hand)
    sighting = worker.look()
    if action.relation == "is_closed":
        yield from _press_shut(worker, action, sighting)
        sighting = worker.look()
    share = sighting.fits[action.thing].share
    done = share >= IS_OPEN if action.relation == "is_open" else share <= IS_CLOSED
    if not worker.answer(goal, yes=done):
        cause = "joint_short"
        raise Stopped(
            cause, f"{action.thing} {action.relation}", f"{share:.0%} open", amount=share, bodies=(action.thing,)
        )


def _contact(path: Path3D) -> Array:
    """What tells paths of a swing apart (7,): where the link is met, and how the hand stands at the end."""
    return np.array([*path.waypoints[1].position, *path.waypoints[-2].quat])


def _ways(worker: Worker, action: Action, sighting: Sighting, found: Fit, wanted: float) -> Iterator[Path3D]:
    """Paths to try: pushed shut from outside, held by what sticks out."""
    turn = (wanted - found.share) * (found.hinge.upper - found.hinge.lower)
    turn = turn if found.hinge.opens == "upper" else -turn
    thing = sighting.things[action.thing]
    if action.relation == "is_closed":
        for beside in BESIDE:
            yield _pushed_path(action, thing, found, turn, beside)
    for grasp in holds_of(worker, thing, sighting, _outside(thing, found)):
        for pivot in PIVOTS:
            yield _held_path(action, grasp, found, turn, pivot)


def _press_shut(worker: Worker, action: Action, sighting: Sighting) -> Steps:
    """Press what is nearly shut the rest of the way, near its free edge, with closed fingers from outside."""
    found, thing, hand = sighting.fits[action.thing], sighting.things[action.thing], worker.hand
    if found.share > NEARLY:
        return
    around = worker.surroundings(sighting, but=thing)
    for beside in BESIDE:
        for yaw in (0.0, np.pi):
            path = _pressed_path(action, thing, found, beside, yaw)
            try:
                hand.rehearse(path, around, ignore=(THING, OTHERS, TABLE))
                hand.way_to(path.waypoints[0], hand.q[0], around)
            except Stopped:
                continue
            yield from worker.follow(path, around, ignore=(THING, OTHERS, TABLE))
            return


def _pressed_path(action: Action, thing: Thing, found: Fit, beside: float, yaw: float) -> Path3D:
    points = thing.cloud.points - found.anchor
    across = points @ found.axis
    radial = points - across[:, None] * found.axis
    far = np.linalg.norm(radial, axis=1)
    middle = (across.min() + across.max()) / 2
    spot = (np.abs(across - middle - beside) < 0.012) & (np.abs(far - 0.9 * far.max()) < 0.012)
    contact = (points[spot] if spot.any() else points).mean(axis=0) + found.anchor
    if spot.any():
        contact[2] = (points[spot] + found.anchor)[:, 2].max()
    rest = found.share * (found.hinge.upper - found.hinge.lower)
    spin = poses.quat_from_axis_angle(found.axis, -rest if found.hinge.opens == "upper" else rest)
    shut = found.anchor + poses.quat_rotate(spin, contact - found.anchor)
    heading = float(np.arctan2(found.axis[1], found.axis[0]))
    quat = poses.quat_multiply(poses.quat_from_yaw(heading + yaw), DOWN)
    tip = 0.009 * UP
    return Path3D(
        action=action,
        waypoints=(
            waypoint(poses.pose(contact + tip + 0.06 * UP, quat), gripper=0.0, note=f"over {action.thing}"),
            waypoint(
                poses.pose(shut + tip - PRESSED * UP, quat), motion="straight", note=f"{action.thing} pressed shut"
            ),
            waypoint(poses.pose(contact + tip + 0.06 * UP, quat), motion="straight", note="up"),
        ),
    )


def holds_of(
    worker: Worker, thing: Thing, sighting: Sighting, outside: Array, *, leans: Sequence[float] = (0.0, np.pi / 2)
) -> list[GraspCandidate]:
    """Grasps of what sticks out of a link furthest towards ``outside`` (3,): from there or, by ``leans`` rad, above."""
    height = (thing.cloud.points - thing.cloud.points.mean(axis=0)) @ outside
    sticking = thing.cloud.points[height > height.max() - 0.012]
    others = sighting.hand.points
    others = others[np.linalg.norm(others - thing.centre, axis=1) < NEAR]
    others = others[~seen_in(others, thing.cloud.points)]
    grasps = grasp_candidates(
        thing.cloud.points[height > height.max() - 0.03],
        np.concatenate([others, thing.cloud.points[height <= height.max() - 0.03]]),
        worker.hand.robot.gripper,
        wanted=sticking.mean(axis=0),
        floor=sighting.support.height,
        approaches=[-np.cos(lean) * outside - np.sin(lean) * UP for lean in leans],
        count=8,
    )
    return [g for grasp in grasps for g in (grasp, twin(grasp))]


def _outside(thing: Thing, found: Fit) -> Array:
    """The direction (3,) in which a link's plane faces away from what it shuts: against closing, at right angles."""
    radial = thing.cloud.points.mean(axis=0) - found.anchor
    radial -= (radial @ found.axis) * found.axis
    opening = np.asarray(np.cross(found.axis, radial), float)
    opening = opening if found.hinge.opens == "upper" else -opening
    return opening / max(float(np.linalg.norm(opening)), 1e-9)


def _swung(pose: Array, found: Fit, angle: float, pivot: float) -> Array:
    """A tool pose (7,) carried about the hinge by ``angle``, turned back by ``pivot`` rad about its direction."""
    turn = poses.quat_from_axis_angle(found.axis, angle)
    at = found.anchor + poses.quat_rotate(turn, pose[:3] - found.anchor)
    quat = poses.quat_multiply(poses.quat_from_axis_angle(found.axis, angle - np.sign(angle) * pivot), pose[3:])
    return poses.pose(at, quat)


def _held_path(action: Action, grasp: GraspCandidate, found: Fit, turn: float, pivot: float) -> Path3D:
    before = moved(grasp.pose, -STANDOFF * poses.quat_to_matrix(grasp.pose[3:])[:, 2])
    count = int(np.clip(np.ceil(abs(turn) / np.deg2rad(12.0)), 1, ARC))
    swing = [
        waypoint(
            _swung(grasp.pose, found, turn * k / count, pivot * k / count),
            motion="straight",
            note=f"{action.thing} swings",
        )
        for k in range(1, count + 1)
    ]
    swing[-1] = swing[-1].model_copy(update={"gripper": grasp.opening})
    return Path3D(
        action=action,
        waypoints=(
            waypoint(before, gripper=grasp.opening, note=f"before {action.thing}"),
            waypoint(grasp.pose, motion="straight", gripper=max(0.0, grasp.width - SQUEEZE), note=f"at {action.thing}"),
            *swing,
        ),
    )


def _pushed_path(action: Action, thing: Thing, found: Fit, turn: float, beside: float) -> Path3D:
    """Closed fingers that point down, led about the hinge along the outside of a link until it is shut."""
    points = thing.cloud.points - found.anchor
    across = points @ found.axis
    radial = points - across[:, None] * found.axis
    reach = float(np.quantile(np.linalg.norm(radial, axis=1), 0.98))
    ahead = radial.mean(axis=0) / max(float(np.linalg.norm(radial.mean(axis=0))), 1e-9)
    outside, middle = _outside(thing, found), float((across.min() + across.max()) / 2)
    thick = float(np.quantile((points @ outside), 0.5)) if len(points) else 0.0
    yaw = float(np.arctan2(found.axis[1], found.axis[0]))
    quat = poses.quat_multiply(poses.quat_from_yaw(yaw), DOWN)
    count, tools = ARC, list[Array]()
    for k in range(count + 1):
        spin = poses.quat_from_axis_angle(found.axis, turn * k / count)
        out, along = poses.quat_rotate(spin, outside), poses.quat_rotate(spin, ahead)
        contact = found.anchor + (middle + beside) * found.axis + LEVER * reach * along + (thick + 0.006) * out
        level = float(np.hypot(*out[:2]))
        tools.append(poses.pose(contact + (FINGER * level + 0.004) * out + 0.009 * max(out[2], 0.0) * UP, quat))
    start = tools[0]
    far = moved(start, 0.03 * np.array([*outside[:2], 0.0]))
    return Path3D(
        action=action,
        waypoints=(
            waypoint(moved(far, 0.16 * UP), gripper=0.0, note=f"over the outside of {action.thing}"),
            waypoint(far, motion="straight", note=f"outside {action.thing}"),
            *(waypoint(tool, motion="straight", note=f"{action.thing} swings") for tool in tools),
            waypoint(moved(tools[-1], 0.08 * UP), motion="straight", note="up"),
        ),
    )
