"""Offers: where a hand would go to put a body down, given how it holds it, easiest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.planning.access import entry_into
from demo_solvers.planning.arm import Array
from demo_solvers.planning.means import faced, plane_of, tipped
from demo_solvers.planning.placement import Placements
from pipeline.core import poses
from pipeline.core.program import Stage
from pipeline.core.world import Bools, WorldState

TRIES = 14  # of the hand in a drawer; elsewhere all placements are tried
ACROSS = 0.10  # m that a hand is worth which is wide along the drawer's front, where a wide one finds no room
AIMS = (0.0, 0.35, -0.35, 0.7)  # rad off the way in
TILTED = (0.25, -0.25)  # rad by which an arm with five joints lets go of a body that it cannot put down level
UPRIGHT = 0.1  # of an approach that is level: less points nowhere in particular
LEANING = 0.05  # m that a hand is worth which leans away from the cabinet, by its approach's share along the pull


@dataclass(frozen=True, eq=False)
class Offers:
    """Tool poses (m, options, 7) in the world at the release, easiest first, and which of them are of use."""

    tool: Array
    ok: Bools


def offers(ex: Execution, stage: Stage, found: Placements, rows: NDArray[np.intp], grasp: Array) -> Offers:
    """How hands that hold the body with ``grasp`` (m, 7), in its frame, would put it down in worlds ``rows`` (m,)."""
    world = ex.state()
    tool, ok = poses.compose(found.pose[rows], grasp[:, None]), found.ok[rows]
    entry = entry_into(world, stage)
    if entry is not None:
        return Offers(_facing_in(tool, found.pose[rows], entry.way[rows]), ok)
    pull = _pull(world, stage)
    if _free_to_turn(stage):
        bounds = world.layout.geometry[stage.body].bounds
        middle = poses.compose(found.pose[rows], np.array(bounds.pose))[..., :3]
        tool = faced(ex, tool, middle, rows)
        if pull is None and plane_of(ex.arm) is not None:
            tilts = [(angle, float(max(bounds.half[:2])) * abs(np.sin(angle))) for angle in TILTED]
            more = [tipped(ex, tool, middle, rows, angle=angle, lift=lift) for angle, lift in tilts]
            tool, ok = np.concatenate([tool, *more], axis=1), np.tile(ok, 1 + len(more))
    if pull is None:
        return Offers(tool, ok)
    ahead = pull[rows, None]
    closing = poses.quat_rotate(tool[..., 3:], np.array([0.0, 1.0, 0.0]))
    approach = poses.quat_rotate(tool[..., 3:], np.array([0.0, 0.0, 1.0]))
    cost = found.cost[rows] + ACROSS * np.abs((closing * ahead).sum(-1)) + LEANING * (approach * ahead).sum(-1)
    order = np.argsort(np.where(ok, cost, np.inf), axis=1, kind="stable")[:, :TRIES]
    return Offers(np.take_along_axis(tool, order[..., None], axis=1), np.take_along_axis(ok, order, axis=1))


def _free_to_turn(stage: Stage) -> bool:
    aligned = any(r.predicate == "aligned" for r in stage.relations) or "aligned" in (stage.post or "")
    return stage.target is None and not aligned and stage.parameters.get("turn", "any") == "any"


def _facing_in(tool: Array, body: Array, way: Array) -> Array:
    """Tools (m, options, 7) turned about the bodies' verticals until they point into a room whose way out is given.

    Options in turn point straight in and a little to either side; the body turns along with the hand.
    """
    approach = poses.quat_rotate(tool[..., 3:], np.array([0.0, 0.0, 1.0]))
    wanted = np.arctan2(-way[:, 1], -way[:, 0])[:, None] + np.resize(AIMS, tool.shape[1])
    turn = np.where(
        np.hypot(approach[..., 0], approach[..., 1]) > UPRIGHT,
        wanted - np.arctan2(approach[..., 1], approach[..., 0]),
        0.0,
    )
    quat = poses.quat_from_yaw(turn)
    point = body[..., :3] + poses.quat_rotate(quat, tool[..., :3] - body[..., :3])
    return poses.pose(point, poses.quat_multiply(quat, tool[..., 3:]))


def _pull(world: WorldState, stage: Stage) -> Array | None:
    """Direction (batch, 3) in which the drawer opens that the stage puts something into, if it does."""
    for relation in stage.relations:
        axes = world.layout.geometry[relation.anchor].axes
        if relation.predicate == "inside" and "pull" in axes:
            return poses.quat_rotate(world.body(relation.anchor)[:, 3:].astype(float), np.array(axes["pull"]))
    return None
