"""What open, close and turn share: contact after contact, bring a joint to a position, and step back from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.grasping.handles import AWAY, Contact, Search
from demo_solvers.grasping.motion import LinkMotion
from demo_solvers.grasping.paths import follow
from demo_solvers.grasping.ways import DRAWN_AT, Ways, drag_ways, handle_ways, push_ways, shuffled
from demo_solvers.guarded import follow_guarded
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.transit import POINTS as TRANSIT_POINTS
from demo_solvers.planning.transit import plan_transit
from pipeline.core import poses
from pipeline.core.episode import Cause
from pipeline.core.program import Stage
from pipeline.core.world import Bools
from pipeline.holds import holds, parse

Grip = Literal["auto", "handle", "push", "drag"]
OVERSHOT = 0.15  # of the travel beyond a share that was asked for
BERTH = 0.012  # m that the way to a contact keeps from the link, where it can: an arm does not follow to the millimetre
STRUCK = 0.02  # of the travel by which a hand that comes near may move the joint before its contact fits no more
AT_END = 0.01  # of the travel from its end, from where nothing is pushed any further
NEARLY = 0.9  # of a guarded motion, from which it counts as done
LEAST = 0.02  # of the travel: a contact that moved the joint by less was none
LATE = 2.0  # cost of the kind of contact that is not the usual one
YIELD_MOST = 0.02  # rad of a joint
CLOSE_SECONDS, OPEN_SECONDS = 0.6, 0.3
CLOSING, YIELD = 0.5, 0.3  # part of closing in which the fingers move; share of its lag that the arm gives way a step
APPROACH_SPEED, TOUCH_SPEED, RETREAT_SPEED = 0.3, 0.12, 0.3  # m/s at the peak


@dataclass(frozen=True)
class Drive:
    """Where a joint is to be brought, and how.

    ``goal`` is a share of the travel; a row has done its work when it lacks at most ``enough`` of it, upwards or
    downwards as ``up`` says, and a contact will do that reaches so far. ``first`` is the kind of contact to prefer.
    """

    goal: float
    enough: float
    up: bool
    grip: Grip
    first: Literal["handle", "push"]
    speed: float
    squeeze: float
    contacts: int
    hold: float = 0.2  # s at the end of the travel


def bring(ex: Execution, stage: Stage, drive: Drive) -> None:
    """Bring the joint that carries ``stage.body`` to its goal, with as many contacts as it takes."""
    idle = np.zeros(len(ex.alive), int)
    for number in range(drive.contacts):
        before = _share(ex, stage)
        if not contact_once(ex, stage, drive, number=number, skip=idle):
            break
        idle = np.where(np.abs(_share(ex, stage) - before) < LEAST, idle + 1, 0)
    _check(ex, stage, drive)


def contact_once(
    ex: Execution, stage: Stage, drive: Drive, *, number: int = 0, skip: NDArray[np.intp] | None = None
) -> bool:
    """Make contact where the joint is not at its goal yet, go along as far as the arm can, and step back.

    Returns whether there was anything to do that could be done. Rows without a contact fail at the first one only.
    Where the hand struck the joint on its way the contact was chosen for another position: it waits for the next one.
    ``skip`` (batch,) is how many of the best contacts a row passes over, since the like of them moved nothing.
    """
    motion = LinkMotion.of(ex.state(), stage.body)
    todo = ex.alive & ~_there(motion, drive)
    if not todo.any():
        return False
    again = "" if number == 0 else f" again ({number + 1})"
    ex.begin(f"reach {stage.body}{again}")
    search = _search(ex, motion, motion.at_share(drive.goal) - motion.position, todo, drive)
    skip = np.zeros(len(todo), int) if skip is None else skip
    contact, there = _reach(ex, stage, search, todo, skip, first=number == 0)
    now = LinkMotion.of(ex.state(), stage.body)
    ok = there & (np.abs(now.share(now.position) - motion.share(motion.position)) < STRUCK)
    if ok.any():
        _carry(ex, f"{stage}{again}", stage.body, contact, ok, drive)
    return bool(there.any())


def _share(ex: Execution, stage: Stage) -> Array:
    motion = LinkMotion.of(ex.state(), stage.body)
    return motion.share(motion.position)


def _there(motion: LinkMotion, drive: Drive) -> Bools:
    lacks = drive.goal - motion.share(motion.position)
    return (lacks if drive.up else -lacks) <= drive.enough


def _search(ex: Execution, motion: LinkMotion, left: Array, todo: Bools, drive: Drive) -> Search:
    """Contacts of the usual kind, and of the other where they do not reach far enough."""
    search = Search(ex, motion, np.where(todo, left, 0.0))
    kinds = _kinds(drive, ex, motion.body) if drive.grip == "auto" else [drive.grip]
    share = np.abs(left) / motion.travel
    reach = float(np.clip(1.0 - drive.enough / np.maximum(share[todo], 1e-9), 0.1, 1.0).max())
    for late, kind in enumerate(kinds):
        for sign in (1.0, -1.0):
            rows = np.flatnonzero(todo & (np.sign(left) == sign) & (search.ranked[0].reached < reach))
            if len(rows):
                search.look(_ways(ex, motion, kind, sign, late * LATE, drive), rows, reach=reach)
    return search


def _kinds(drive: Drive, ex: Execution, link: str) -> list[str]:
    """Kinds of contact, the usual one first; what has an edge to draw it by has no handle."""
    other = "drag" if DRAWN_AT in ex.state().layout.geometry[link].keypoints else "handle"
    return [other, "push"] if drive.first == "handle" else ["push", other]


def _ways(ex: Execution, motion: LinkMotion, kind: str, sign: float, cost: float, drive: Drive) -> Ways:
    geometry = ex.state().layout.geometry[motion.body]
    axis, anchor = motion.in_link(ex.state())
    if kind == "handle":
        ways = handle_ways(geometry, axis, ex.robot, turns=motion.turns, squeeze=drive.squeeze, cost=cost)
    elif kind == "drag":
        ways = drag_ways(geometry, axis, ex.robot, cost=cost)
    else:
        ways = push_ways(geometry, sign * axis, anchor, ex.robot, turns=motion.turns, cost=cost)
    return shuffled(ways, motion.joint.link, kind)


def _reach(
    ex: Execution, stage: Stage, search: Search, todo: Bools, skip: NDArray[np.intp], *, first: bool
) -> tuple[Contact, Bools]:
    """Go to the chosen contacts, or to the next best where no free path leads; rows without any fail at the first."""
    best = search.ranked[0]
    lost = np.flatnonzero(todo & ~best.found)
    if first:
        _fail_lost(ex, stage, search, lost)
    todo = todo & ex.alive & best.found
    width, state = float(best.opening[todo].max(initial=0.0)), ex.state()
    wide, close = (CollisionModel(ex.arm, state, width=width, grown={stage.body: m}) for m in (BERTH, 0.0))
    path, ok = np.repeat(ex.q[:, None], TRANSIT_POINTS, axis=1), np.zeros(len(todo), bool)
    for rank, contact in enumerate(search.ranked):
        last = rank + 1 == len(search.ranked) or not search.ranked[rank + 1].found.any()
        open_ = todo & ~ok & contact.found & ex.alive & ((skip <= rank) | last)
        if not open_.any():
            continue
        good = np.zeros(len(todo), bool)
        for model in (wide, close):
            if not (open_ & ~good).any():
                break
            found, clear = plan_transit(ex, np.where((open_ & ~good)[:, None], contact.approach[:, 0], ex.q), model)
            clear &= open_ & ~good
            path[clear], good = found[clear], good | clear
        for name in Contact.__dataclass_fields__:
            getattr(best, name)[good] = getattr(contact, name)[good]
        ok |= good
    if first:
        bad = np.flatnonzero(todo & ~ok)
        ex.fail(bad, "path_in_collision", expected=f"a free path to {stage.body}", seen="none found")
    ok &= ex.alive
    ex.move(np.where(ok[:, None, None], path, ex.q[:, None]), width=np.where(ok, best.opening, ex.width))
    return best, ok


def _fail_lost(ex: Execution, stage: Stage, search: Search, lost: NDArray[np.intp]) -> None:
    for row in lost:
        if search.reachable[row]:
            bodies = search.blockers(int(row))
            seen = f"all are blocked, by {', '.join(bodies) or 'joint limits'}"
            cause = "path_in_collision" if bodies else "ik_failed"
            expected = f"a free contact with {stage.body} that can be followed"
            ex.fail([row], cause, expected=expected, seen=seen, bodies=bodies)
        else:
            ex.fail([row], "ik_failed", expected=f"a reachable contact with {stage.body}", seen="none is in reach")


def _carry(ex: Execution, name: str, body: str, contact: Contact, ok: Bools, drive: Drive) -> None:
    """Touch, go along with the joint, let go and step back; the other rows stand still.

    A row whose hand meets more than it may press stops there and steps straight back.
    """
    still = ex.q[:, None].copy()
    ex.begin(f"{name}: touch")
    way = _length(ex, contact.approach, ok)
    approach = np.where(ok[:, None, None], contact.approach[:, 1:], still)
    near = follow_guarded(ex, approach, speed=APPROACH_SPEED, length=way)
    touched = ok & (near > NEARLY)
    grips, yielded = touched & contact.grips, np.zeros_like(ex.q)
    if grips.any():
        yielded = _close_softly(ex, np.where(grips, contact.width, ex.width), grips)
    ex.begin(name)
    far = follow_guarded(
        ex,
        np.where(touched[:, None, None], contact.travel + yielded[:, None], ex.q[:, None]),
        speed=drive.speed,
        length=float(contact.length[touched & ex.alive].max(initial=0.0)),
        until=lambda: _arrived(ex, body, drive),
    )
    ex.move(np.where((touched & ex.alive)[:, None], ex.measured_q, ex.q)[:, None])  # nothing presses any more
    ex.wait(max(drive.hold, 0.05))
    ex.begin(f"{name}: release")
    if grips.any():
        ex.grip(np.where(grips, contact.opening, ex.width), OPEN_SECONDS)
    ex.begin(f"{name}: retreat")
    whole = touched & (far > NEARLY)
    back = np.where(whole[:, None, None], contact.retreat, _straight_back(ex, contact.retreat.shape[1]))
    ex.line(np.where(ok[:, None, None], back, ex.q[:, None]), speed=RETREAT_SPEED, length=_length(ex, back, ok))


def _arrived(ex: Execution, body: str, drive: Drive) -> Bools:
    """Whose joint (batch,) is at its goal, or at the end of its travel where the goal lies beyond."""
    motion = LinkMotion.of(ex.state(), body)
    share = motion.share(motion.position)
    return share >= min(drive.goal, 1.0) - AT_END if drive.up else share <= max(drive.goal, 0.0) + AT_END


def _straight_back(ex: Execution, points: int) -> Array:
    """Joints (batch, points, n) along the hand's own axis away from what it touches, as far as the arm follows."""
    away = np.zeros((points, 3))
    away[:, 2] = -AWAY * np.arange(1, points + 1) / points
    path, count = follow(ex.arm, poses.compose(ex.arm.tool_pose(ex.q)[:, None], poses.pose(away)), ex.q)
    path = np.concatenate([ex.q[:, None], path], axis=1)
    return np.stack([row[np.minimum(np.arange(1, points + 1), last)] for row, last in zip(path, count, strict=True)])


def _close_softly(ex: Execution, width: Array, rows: Bools) -> Array:
    """Close the fingers of ``rows`` to ``width`` (batch,) m while the arm gives way to where they draw it.

    Returns by how much (batch, n) rad that moved the arm. A stiff arm a few millimetres off the middle of what it takes
    would press on it with one finger.
    """
    start, steps = ex.q.copy(), max(1, round(CLOSE_SECONDS * ex.rate))
    opening, mine = ex.width.copy(), (rows & ex.alive)[:, None]
    for step in range(1, min(steps, ex.worlds.steps_left) + 1):
        q = np.where(mine, ex.q + YIELD * (ex.measured_q - ex.q), ex.q)
        q = np.clip(q, start - YIELD_MOST, start + YIELD_MOST)
        share = min(1.0, step / (CLOSING * steps))
        ex.apply(np.clip(q, ex.arm.lower, ex.arm.upper)[None], opening + share * (width - opening))
    return np.where(mine, ex.q - start, 0.0)


def _length(ex: Execution, path: Array, ok: Bools) -> float:
    """The longest way (m) of a hand along ``path`` (batch, points, n)."""
    place = ex.arm.tool_pose(path)[..., :3]
    way = np.linalg.norm(np.diff(place, axis=1), axis=-1).sum(axis=1)
    return float(way[ok & ex.alive].max(initial=0.05))


def _check(ex: Execution, stage: Stage, drive: Drive) -> None:
    """Fail the rows whose joint is not where it should be, as far as the state says."""
    motion = LinkMotion.of(ex.state(), stage.body)
    share = motion.share(motion.position)
    done = _there(motion, drive) if stage.post is None else holds(parse(stage.post), ex.state())
    gap = np.abs(motion.position - motion.at_share(drive.goal))
    short = np.flatnonzero(ex.alive & ~done)
    _fail_off(ex, stage, motion, drive, short, "joint_short", gap)
    if "share" in stage.parameters:
        beyond = (share - drive.goal if drive.up else drive.goal - share) > OVERSHOT
        _fail_off(ex, stage, motion, drive, np.flatnonzero(ex.alive & beyond), "joint_overshot", gap)


def _fail_off(
    ex: Execution, stage: Stage, motion: LinkMotion, drive: Drive, rows: NDArray[np.intp], cause: Cause, gap: Array
) -> None:
    share = motion.share(motion.position)
    seen = [f"{motion.position[i]:.3f} {motion.unit}, {share[i]:.0%} of its travel" for i in rows]
    expected = f"{motion.name} at {motion.at_share(drive.goal):.3f} {motion.unit}"
    expected += f" and {stage.post}" if stage.post else ""
    ex.fail(rows, cause, expected=expected, seen=seen, amount=gap[rows], bodies=(stage.body,))
