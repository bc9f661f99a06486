"""Regrasp: where no grasp serves both here and there, the body is put down elsewhere, turned, and taken anew."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np

from demo_solvers.execution import Execution
from demo_solvers.grasping.select import GraspChoice, choose_grasps
from demo_solvers.grasping.wish import GraspWish
from demo_solvers.planning.placement import Placements, placement_candidates
from demo_solvers.skills._put import pace, put
from pipeline.core.program import Relation, Stage
from pipeline.core.world import Bools, WorldState

TABLE = "table"
LEAST = 380  # control steps that putting down, taking anew and placing need
RETREAT_SPEED, REST, RELEASE_TIME = 0.4, 0.2, 0.3  # m/s, s, s


def regrasp(
    ex: Execution,
    body: str,
    following: Stage,
    wish: GraspWish,
    need: Bools,
    take: Callable[[GraspChoice], None],
) -> Bools:
    """Put ``body`` down for the rows in ``need`` where that helps, with ``take`` to lift it; returns which it did.

    It helps where the body can be taken now, put down somewhere free on the table, and taken from there with a grasp
    that serves what follows. The other rows wait. Rows in which it goes wrong fail with their diagnosis.
    """
    if TABLE not in ex.state().layout.geometry or ex.worlds.steps_left < LEAST:
        return np.zeros(len(ex.q), bool)
    rest = Stage(skill="place", body=body, relations=(Relation(predicate="on", anchor=TABLE),))
    everyone, waypoint = ex.alive.copy(), _waypoints(ex, rest, following, wish, need)
    helped = need & waypoint.ok.any(axis=1)
    ex.alive = helped
    choice = choose_grasps(ex, body, rest, wish, places=waypoint)
    ex.alive = helped = helped & choice.found
    if helped.any():
        ex.begin(f"regrasp {body}")
        take(choice)
        put(ex, rest, pace(rest, retreat=RETREAT_SPEED, rest=REST, release=RELEASE_TIME), places=waypoint)
    ex.alive = everyone & (~helped | ex.alive)
    return helped


def _waypoints(ex: Execution, rest: Stage, following: Stage, wish: GraspWish, need: Bools) -> Placements:
    """For each row one pose on the table to which the body can be brought and from which what follows can be done."""
    world, body = ex.state(), rest.body
    found = placement_candidates(world, body, rest.relations, reach=ex.robot.reach)
    pose, ok = found.pose[:, :1].copy(), np.zeros((len(need), 1), bool)
    for option in range(found.ok.shape[1]):
        rows = need & ~ok[:, 0] & found.ok[:, option]
        if rows.any():
            there = _imagined(ex, _moved(world, body, found.pose[:, option]), rows)
            served = choose_grasps(there, body, following, wish).found & rows
            here = _imagined(ex, world, served)
            spot = Placements(found.pose[:, [option]], served[:, None], np.zeros(ok.shape))
            served &= choose_grasps(here, body, rest, wish, places=spot).found
            pose[served, 0], ok[served, 0] = found.pose[served, option], True
    return Placements(pose, ok, np.zeros(ok.shape))


def _imagined(ex: Execution, state: WorldState, rows: Bools) -> Execution:
    """The execution as it would stand in another state, with only ``rows`` taking part; nothing moves in it."""
    there = copy.copy(ex)
    there.alive = rows.copy()
    there.state = lambda: state  # type: ignore[method-assign]
    return there


def _moved(world: WorldState, body: str, pose: np.ndarray) -> WorldState:
    moved = world.rows(np.arange(len(world)))
    moved.pose[:, world.layout.body(body)] = pose
    return moved
