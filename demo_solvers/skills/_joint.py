"""What open, close and turn share: contact after contact, bring a joint to a position, and step back from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.grasping.handles import Contact, Search
from demo_solvers.grasping.motion import LinkMotion
from demo_solvers.grasping.ways import Ways, handle_ways, push_ways, shuffled
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.transit import POINTS as TRANSIT_POINTS
from demo_solvers.planning.transit import plan_transit
from pipeline.core.episode import Cause
from pipeline.core.program import Stage
from pipeline.core.world import Bools
from pipeline.holds import holds, parse

Grip = Literal["auto", "handle", "push"]
OVERSHOT = 0.15  # of the travel beyond a share that was asked for
LATE = 2.0  # cost of the kind of contact that is not the usual one
CLOSE_SECONDS, OPEN_SECONDS = 0.4, 0.3
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
    for number in range(drive.contacts):
        if not contact_once(ex, stage, drive, number=number):
            break
    _check(ex, stage, drive)


def contact_once(ex: Execution, stage: Stage, drive: Drive, *, number: int = 0) -> bool:
    """Make contact where the joint is not at its goal yet, go along as far as the arm can, and step back.

    Returns whether there was anything to do that could be done. Rows without a contact fail at the first one only.
    """
    motion = LinkMotion.of(ex.state(), stage.body)
    todo = ex.alive & ~_there(motion, drive)
    if not todo.any():
        return False
    again = "" if number == 0 else f" again ({number + 1})"
    ex.begin(f"reach {stage.body}{again}")
    search = _search(ex, motion, motion.at_share(drive.goal) - motion.position, todo, drive)
    contact, ok = _reach(ex, stage, search, todo, first=number == 0)
    if ok.any():
        _carry(ex, f"{stage}{again}", contact, ok, drive)
    return bool(ok.any())


def _there(motion: LinkMotion, drive: Drive) -> Bools:
    lacks = drive.goal - motion.share(motion.position)
    return (lacks if drive.up else -lacks) <= drive.enough


def _search(ex: Execution, motion: LinkMotion, left: Array, todo: Bools, drive: Drive) -> Search:
    """Contacts of the usual kind, and of the other where they do not reach far enough."""
    search = Search(ex, motion, np.where(todo, left, 0.0))
    kinds = [drive.first, "push" if drive.first == "handle" else "handle"] if drive.grip == "auto" else [drive.grip]
    share = np.abs(left) / motion.travel
    reach = float(np.clip(1.0 - drive.enough / np.maximum(share[todo], 1e-9), 0.1, 1.0).max())
    for late, kind in enumerate(kinds):
        for sign in (1.0, -1.0):
            rows = np.flatnonzero(todo & (np.sign(left) == sign) & (search.ranked[0].reached < reach))
            if len(rows):
                search.look(_ways(ex, motion, kind, sign, late * LATE, drive), rows, reach=reach)
    return search


def _ways(ex: Execution, motion: LinkMotion, kind: str, sign: float, cost: float, drive: Drive) -> Ways:
    geometry = ex.state().layout.geometry[motion.body]
    axis, anchor = motion.in_link(ex.state())
    if kind == "handle":
        ways = handle_ways(geometry, axis, ex.robot, turns=motion.turns, squeeze=drive.squeeze, cost=cost)
    else:
        ways = push_ways(geometry, sign * axis, anchor, ex.robot, turns=motion.turns, cost=cost)
    return shuffled(ways, motion.joint.link, kind)


def _reach(ex: Execution, stage: Stage, search: Search, todo: Bools, *, first: bool) -> tuple[Contact, Bools]:
    """Go to the chosen contacts, or to the next best where no free path leads; rows without any fail at the first."""
    best = search.ranked[0]
    lost = np.flatnonzero(todo & ~best.found)
    if first:
        _fail_lost(ex, stage, search, lost)
    todo = todo & ex.alive & best.found
    model = CollisionModel(ex.arm, ex.state(), width=float(best.opening[todo].max(initial=0.0)))
    path, ok = np.repeat(ex.q[:, None], TRANSIT_POINTS, axis=1), np.zeros(len(todo), bool)
    for contact in search.ranked:
        open_ = todo & ~ok & contact.found & ex.alive
        if not open_.any():
            continue
        goal = np.where(open_[:, None], contact.approach[:, 0], ex.q)
        found, good = plan_transit(ex, goal, model)
        good &= open_
        path[good] = found[good]
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


def _carry(ex: Execution, name: str, contact: Contact, ok: Bools, drive: Drive) -> None:
    """Touch, go along with the joint, let go and step back; the other rows stand still."""
    still, mine = ex.q[:, None], ok[:, None, None]
    ex.begin(f"{name}: touch")
    way = _length(ex, contact.approach, ok)
    ex.line(np.where(mine, contact.approach[:, 1:], still), speed=APPROACH_SPEED, length=way)
    grips = ok & contact.grips
    if grips.any():
        ex.grip(np.where(grips, contact.width, ex.width), CLOSE_SECONDS)
    ex.begin(name)
    ex.line(
        np.where(mine, contact.travel, ex.q[:, None]),
        speed=drive.speed,
        length=float(contact.length[ok & ex.alive].max(initial=0.0)),
    )
    ex.wait(max(drive.hold, 0.05))
    ex.begin(f"{name}: release")
    if grips.any():
        ex.grip(np.where(grips, contact.opening, ex.width), OPEN_SECONDS)
    ex.begin(f"{name}: retreat")
    ex.line(
        np.where(mine, contact.retreat, ex.q[:, None]), speed=RETREAT_SPEED, length=_length(ex, contact.retreat, ok)
    )


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
