"""Grasp choice for a batch: an asset's candidates, ranked, filtered by IK, by collision and by what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.grasping.level import around, levelled
from demo_solvers.grasping.still import beside
from demo_solvers.grasping.wish import STANDOFF, GraspWish
from demo_solvers.planning.access import Entry, entry_around, entry_into, shift_of
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.cover import held_cover
from demo_solvers.planning.means import SIX, bent, over
from demo_solvers.planning.offers import offers
from demo_solvers.planning.placement import Manner, Placements, mates, placements, places_body
from demo_solvers.planning.pouring import can_pour, pours_body
from demo_solvers.planning.transit import raise_tool
from pipeline.core import poses
from pipeline.core.geometry import Grasp
from pipeline.core.program import Stage
from pipeline.core.world import Bools

LIFT = 0.12  # m
APPROACH_POINTS = 6
FIRST_LOOK = 5  # candidates a row in the first round; only rows without a solution look further
SECOND_LOOK = 20
THIRD_LOOK = 48
LOOKS = ((0, FIRST_LOOK), (FIRST_LOOK, SECOND_LOOK), (SECOND_LOOK, THIRD_LOOK))
TILTS = (0.0, 0.5, -0.5, 0.9, -0.9)
"""Turns [rad] of the hand about the axis on which its fingers close: the same grip, for arms short of reach."""
AS_GOOD = 0.75
"""From this share of the best shake score on, grasps count as equally firm: one trial says no more (the scores of a
grasp and of its half-turn twin differ by 0.16 on average over the library)."""
GIVE = 0.012  # m that the spheres of a tilted hand may overlap with what it is to grasp
SLENDER = 1.5  # times as high as wide: what is let go above its support topples
OPENING = 0.03  # m beyond the object's width


@dataclass(frozen=True, eq=False)
class GraspChoice:
    """The grasp of each row: joints before and at the grasp (batch, n), tool pose (batch, 7), width (batch,), found."""

    q_before: Array
    q_grasp: Array
    tool: Array
    width: Array
    opening: Array
    found: Bools


def no_grasps(ex: Execution) -> GraspChoice:
    """A choice in which no row has found anything yet."""
    batch = len(ex.q)
    identity = np.tile(poses.IDENTITY_POSE, (batch, 1))
    return GraspChoice(ex.q.copy(), ex.q.copy(), identity, np.zeros(batch), ex.width.copy(), np.zeros(batch, bool))


def choose_grasps(
    ex: Execution,
    body: str,
    following: Stage | None,
    wish: GraspWish | None = None,
    *,
    places: Placements | None = None,
) -> GraspChoice:
    """Choose one grasp of ``body`` a row, such that the next stage, if it places the body, can be reached with it.

    ``places`` says where that stage would put it, where it is not the stage itself that says so.
    """
    choice, wish = no_grasps(ex), wish or GraspWish()
    grasps = ex.state().layout.geometry[body].grasps
    if not grasps:
        return choice
    entry, into = entry_around(ex.state(), body), None
    if entry is None and following is not None and places_body(following, body):
        into = entry_into(ex.state(), following)
    level = into is not None or pours_body(following, body)
    geometry = ex.state().layout.geometry[body]
    if pours_body(following, body):
        grasps = (*around(geometry, ex.robot.gripper.max_width), *grasps)
    elif entry is not None or into is not None:
        grasps = (*grasps, *levelled(grasps, geometry), *around(geometry, ex.robot.gripper.max_width))
    ranked, allowed = _rank(ex, body, grasps, wish, entry, level=level)
    if places is None and following is not None and places_body(following, body):
        places = placements(ex.state(), following, ex.robot, mates(ex.program, ex.number, following))
    few, free = len(ex.arm.home) < SIX, wish.approach == "any" and wish.axis is None
    looks = tuple((*look, few) for look in LOOKS)
    looks = looks if few or not free else (*looks, (0, SECOND_LOOK, True))
    # Under a roof a hand from the side often has room higher up only, from where what is slender would fall over.
    falls = (0.0, np.inf) if into is not None and places is not None and _slender(ex, body) else (np.inf,)
    for fall in falls:
        spots, passed_over = places and places.falling(fall), np.zeros(len(ex.q), int)
        for start, stop, tilted in looks:
            rows = np.flatnonzero(ex.alive & ~choice.found & allowed[:, start : start + 1].any(axis=1))
            if len(rows):
                tilts = TILTS if tilted else TILTS[:1]
                index, may = ranked[rows, start:stop], allowed[rows, start:stop]
                candidates = _Candidates(body, grasps, rows, index, may, tilts)
                _look(ex, candidates, following, wish, choice, passed_over, spots)
    return choice


def _slender(ex: Execution, body: str) -> bool:
    half = ex.state().layout.geometry[body].bounds.half
    return half[2] > SLENDER * min(half[:2])


def withdrawal(tool: Array, standoff: float = STANDOFF) -> Array:
    """Tool poses (batch, APPROACH_POINTS, 7) from the grasp, excluded, back to the stand-off."""
    back = -standoff * np.arange(1, APPROACH_POINTS + 1) / APPROACH_POINTS
    offsets = np.stack([np.zeros(APPROACH_POINTS), np.zeros(APPROACH_POINTS), back], axis=-1)
    return poses.compose(tool[:, None], poses.pose(offsets))


def _rank(
    ex: Execution, body: str, grasps: Sequence[Grasp], wish: GraspWish, entry: Entry | None, *, level: bool = False
) -> tuple[NDArray[np.intp], Bools]:
    """Candidate indices (batch, candidates) by worth, uprightness of the approach and ease for the wrist.

    Out through a door the hand comes straight ahead instead. Where the body is to go in through one or to be tipped,
    ``level``, the hand comes from the side, from whichever: the body turns along with it on the way. Those that the
    wish rules out come last; the mask (batch, candidates), in the same order, says which they are.
    """
    geometry = ex.state().layout.geometry[body]
    local = np.array([g.pose for g in grasps])
    worth = grasp_worth(grasps)
    tool = poses.compose(ex.state().body(body)[:, None], local)
    approach = poses.quat_rotate(tool[..., 3:], np.array([0.0, 0.0, 1.0]))
    closing = poses.quat_rotate(tool[..., 3:], np.array([0.0, 1.0, 0.0]))
    present = poses.quat_rotate(ex.state().tcp[:, None, 3:], np.array([0.0, 1.0, 0.0]))
    turn = np.arccos(np.clip((closing * present).sum(-1), -1, 1))
    vertical = ex.state().layout.joint_specs == {} or "/" not in body
    lean = np.arccos(np.clip(-approach[..., 2], -1, 1)) if vertical else np.zeros(turn.shape)
    if entry is not None:
        lean = 3 * np.arccos(np.clip(-(approach * entry.way[:, None]).sum(-1), -1, 1))
    elif level:
        lean = 3 * np.abs(np.arcsin(np.clip(approach[..., 2], -1, 1)))
    cost = -worth + 0.25 * lean + (0.12 * turn if vertical else 0.02 * turn) + wish.cost(geometry, local)
    allowed = wish.allows(geometry, local, tool)
    order = np.argsort(np.where(allowed, cost, np.inf), axis=1, kind="stable")
    return order, np.take_along_axis(allowed, order, axis=1)


def grasp_worth(grasps: Sequence[Grasp]) -> Array:
    """(n,) in [0, 1]: the geometric score, weighted with how well the grasp held against the best of the object's.

    A grasp that was not tested counts as much as the middle one of those that were: no worse, since it failed nothing.
    """
    score = np.array([g.score for g in grasps])
    known = [g.shake for g in grasps if g.shake is not None]
    if not known:
        return score
    middle, best = float(np.median(known)), max(known)
    held = np.array([middle if g.shake is None else g.shake for g in grasps])
    return score * np.minimum(1.0, held / (AS_GOOD * best)) if best > 0 else score


@dataclass(frozen=True, eq=False)
class _Candidates:
    """Grasps of ``body`` to look at: indices (k, c) into ``grasps`` for worlds ``rows`` (k,), allowed or not, tilts."""

    body: str
    grasps: Sequence[Grasp]
    rows: NDArray[np.intp]
    index: NDArray[np.intp]
    allowed: Bools
    tilts: tuple[float, ...]


def _look(
    ex: Execution,
    candidates: _Candidates,
    following: Stage | None,
    wish: GraspWish,
    choice: GraspChoice,
    passed_over: NDArray[np.int_],
    places: Placements | None,
) -> None:
    """Fill ``choice`` for the rows in which one of the candidates works."""
    body, rows, tilts = candidates.body, candidates.rows, np.array(candidates.tilts)
    world, grasps = ex.state(), candidates.grasps
    grip, width = ex.robot.gripper, np.array([g.width for g in grasps])[candidates.index]
    local = wish.deepened(beside(np.array([g.pose for g in grasps])[candidates.index], width, grip))
    turned = poses.pose(np.zeros((len(tilts), 3)), poses.quat_from_axis_angle(np.array([0.0, 1.0, 0.0]), tilts))
    local = poses.compose(local[:, :, None], turned).reshape(len(rows), -1, 7)
    (k, c), allowed = local.shape[:2], np.repeat(candidates.allowed, len(tilts), axis=1)
    widths = np.repeat(width, len(tilts), axis=1)
    tool = bent(ex, poses.compose(world.body(body)[rows, None].astype(float), local), rows)
    local = poses.compose(poses.inverse(world.body(body)[rows, None].astype(float)), tool)
    flat_rows = np.repeat(rows, c)
    goal = ex.to_base(tool.reshape(k * c, 7), flat_rows)
    at = ex.arm.ik_restarted(goal, iterations=30)
    before_pose = poses.compose(tool, poses.pose([0.0, 0.0, -wish.standoff])).reshape(k * c, 7)
    before = ex.arm.ik(ex.to_base(before_pose, flat_rows), at.q, posture=at.q, iterations=20)
    ok = at.ok & before.ok & (np.abs(before.q - at.q).max(axis=1) < 1.2) & allowed.ravel()
    opening = np.minimum(widths + OPENING, grip.max_width)
    model = CollisionModel(ex.arm, world, width=float(opening.max()))
    ok &= model.free(before.q[:, None], flat_rows)
    ok &= model.free(at.q[:, None], flat_rows, ignore=(body,))
    strict = (tilts != 0.0) & (len(ex.arm.home) >= SIX)  # the fingers of a hand that must tip are small
    index = np.flatnonzero(ok & np.tile(strict, ok.size // len(tilts)))
    others = [other for other in world.layout.geometry if other != body]
    ok[index] = model.clearance(at.q[index, None], flat_rows[index], ignore=others)[:, 0] > -GIVE
    if wish.lift > 0:
        raised = raise_tool(tool, wish.lift).reshape(k * c, 7)
        ok &= ex.arm.ik(ex.to_base(raised, flat_rows), at.q, iterations=40).ok
    if following is not None and places is not None:
        ok &= _can_place(ex, following, local.reshape(k * c, 7), at.q, flat_rows, model, ok, places)
    if following is not None and pours_body(following, body):
        ok &= can_pour(ex, following, local.reshape(k * c, 7), at.q, flat_rows, model, ok)
    good = _beyond(ok.reshape(k, c), rows, wish.skip, passed_over)
    _take_first(good, rows, choice, before.q, at.q, tool, widths, opening)


def _beyond(ok: Bools, rows: NDArray[np.intp], skip: int, passed_over: NDArray[np.int_]) -> Bools:
    """``ok`` (k, c) without the first ``skip`` good ones of a row; ``passed_over`` (batch,) counts them over looks."""
    order = passed_over[rows, None] + np.cumsum(ok, axis=1)
    passed_over[rows] += ok.sum(axis=1)
    return ok & (order > skip)


def _take_first(
    ok: Bools,
    rows: NDArray[np.intp],
    choice: GraspChoice,
    before: Array,
    at: Array,
    tool: Array,
    widths: Array,
    opening: Array,
) -> None:
    k, c = ok.shape
    found = ok.any(axis=1)
    pick = np.argmax(ok, axis=1)
    index, row = np.flatnonzero(found), rows[found]
    choice.q_before[row] = before.reshape(k, c, -1)[index, pick[found]]
    choice.q_grasp[row] = at.reshape(k, c, -1)[index, pick[found]]
    choice.tool[row] = tool[index, pick[found]]
    choice.width[row] = widths[index, pick[found]]
    choice.opening[row] = opening[index, pick[found]]
    choice.found[row] = True


def _can_place(
    ex: Execution,
    following: Stage,
    grasp: Array,
    q_grasp: Array,
    rows: NDArray[np.intp],
    model: CollisionModel,
    worth: Bools,
    places: Placements,
) -> Bools:
    """Whether some placement of the next stage is reachable and free with each grasp (m, 7) in the body frame.

    The same questions that the stage itself will ask, so that it does not find out too late.
    """
    body, standoff = following.body, Manner.of(following, ex.state(), ex.robot).standoff
    shift = shift_of(ex.state(), following, standoff)
    offered = offers(ex, following, places, rows, grasp)
    held = held_cover(ex.state().layout.geometry[body], poses.inverse(grasp))
    anchors = tuple(r.anchor for r in following.relations)
    possible = np.zeros(len(rows), bool)
    for option in range(offered.ok.shape[1]):
        todo = np.flatnonzero(worth & ~possible & offered.ok[:, option])
        tool = offered.tool[todo, option]
        at = ex.arm.ik(ex.to_base(tool, rows[todo]), q_grasp[todo], posture=ex.arm.home, iterations=25)
        above = over(ex, tool, shift(tool, rows[todo]), rows[todo], at.q)[1]
        free = model.free(at.q[:, None], rows[todo], ignore=(body,))
        free &= model.free(above.q[:, None], rows[todo], ignore=(body,), held=held.of(todo))
        free &= model.free(at.q[:, None], rows[todo], ignore=(body, "table", *anchors), held=held.of(todo))
        possible[todo] = at.ok & above.ok & free
    return possible
