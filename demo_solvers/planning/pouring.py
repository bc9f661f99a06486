"""Pouring: tool poses that tip a held vessel about its lip over the opening of a container."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Array
from demo_solvers.planning.collision import CollisionModel, Held
from demo_solvers.planning.cover import held_cover
from demo_solvers.skill import Settings
from pipeline.core import poses
from pipeline.core.errors import InvalidInputError
from pipeline.core.geometry import Box
from pipeline.core.program import Stage
from pipeline.core.world import Bools, WorldState

POINTS = 12  # waypoints of a tilt
HEADINGS = np.arange(8) * np.pi / 4  # rad that the vessel is turned about the vertical before it is tipped
SIDES = (1.0, -1.0)
PLACES = ((0.6, 0.0), (0.0, 0.0), (0.6, 0.04), (0.6, 0.08))
"""Where the lip may go: shares of the opening's half width from its middle towards the hand, which is wide and so stays
outside, and m higher than asked for."""
LEVEL = np.array([1.0, 1.0, 0.0])
FIRM = 0.5  # least share of the tilt's axis across the fingers' closing direction: about it the vessel would swing


@dataclass(frozen=True, eq=False)
class Tilts:
    """Tool poses (k, options, POINTS + 1, 7) in the world, upright first, and which of them hold the vessel firmly."""

    tool: Array
    ok: Bools


def pours_body(stage: Stage | None, body: str) -> bool:
    """Whether a stage pours out of ``body``."""
    return stage is not None and stage.skill == "pour" and stage.body == body


def opening_of(world: WorldState, body: str, role: str) -> Box:
    """The cavity of a vessel or container; raises :class:`InvalidInputError` where it has none."""
    cavity = world.layout.geometry[body].cavity
    if cavity is None:
        hollow = [b for b, shape in world.layout.geometry.items() if shape.cavity is not None]
        raise InvalidInputError(f"pour: {body!r} has no cavity to pour {role}; bodies that have: {', '.join(hollow)}.")
    return cavity


def tilts(world: WorldState, stage: Stage, rows: NDArray[np.intp], grasp: Array) -> Tilts:
    """How hands that hold the vessel with ``grasp`` (k, 7), in its frame, would tip it in worlds ``rows`` (k,).

    The lip comes down over the opening while the vessel turns about it, as fast as its bottom gets out of the way.
    """
    settings, anchor, shape = Settings(stage), stage.relations[0].anchor, world.layout.geometry[stage.body]
    mouth, target = opening_of(world, stage.body, "out of"), opening_of(world, anchor, "into")
    top = poses.compose(np.array(target.pose), poses.pose([0.0, 0.0, target.half[2]]))
    over = poses.compose(world.body(anchor)[rows].astype(float), top)[:, None, :3]
    angles = np.deg2rad(settings.number("tilt")) * np.arange(POINTS + 1) / POINTS
    brim = mouth.pose[2] + mouth.half[2]
    tall = brim - (shape.bounds.pose[2] - shape.bounds.half[2])
    up = np.outer(settings.number("height") + tall * np.maximum(np.cos(angles), 0.0), (0.0, 0.0, 1.0))
    heading = poses.yaw_of(world.body(stage.body)[rows, 3:].astype(float))
    closing, approach = (poses.quat_rotate(grasp[:, 3:], axis) * LEVEL for axis in np.eye(3)[[1, 2]])
    firm = np.linalg.norm(closing, axis=1)
    tools, ok = list[Array](), list[Bools]()
    for (back, rise), side, turn in product(PLACES, SIDES, HEADINGS):
        # Tipped along the closing direction, the vessel leans on a finger and does not swing about the two.
        ahead = side * closing / np.maximum(firm, 1e-9)[:, None]
        edge = np.array(mouth.pose[:3]) + mouth.half[2] * np.eye(3)[2] + min(mouth.half[:2]) * ahead
        yaw = poses.quat_from_yaw(heading + turn)[:, None]
        tilt = poses.quat_from_axis_angle(np.cross(np.eye(3)[2], ahead)[:, None], np.tile(angles, (len(rows), 1)))
        quat = poses.quat_multiply(yaw, tilt)
        aside = poses.quat_rotate(yaw, approach[:, None]) * -back * min(target.half[:2])
        lip = over + up + aside + rise * np.eye(3)[2]
        tools.append(poses.compose(poses.pose(lip - poses.quat_rotate(quat, edge[:, None]), quat), grasp[:, None]))
        ok.append(firm >= FIRM)
    return Tilts(np.stack(tools, axis=1), np.stack(ok, axis=1))


def can_pour(
    ex: Execution,
    stage: Stage,
    grasp: Array,
    q_grasp: Array,
    rows: NDArray[np.intp],
    model: CollisionModel,
    worth: Bools,
) -> Bools:
    """Whether the vessel can be tipped over its container with each grasp (m, 7) in its frame, where ``worth`` asks."""
    found = tilts(ex.state(), stage, rows, grasp)
    held = held_cover(ex.state().layout.geometry[stage.body], poses.inverse(grasp))
    possible = np.zeros(len(rows), bool)
    for option in range(found.ok.shape[1]):
        todo = np.flatnonzero(worth & ~possible & found.ok[:, option])
        if not len(todo):
            continue
        goal = ex.to_base(found.tool[todo, option, 0], rows[todo])
        at = ex.arm.ik(goal, q_grasp[todo], posture=ex.arm.home, iterations=25)
        path = path_of(ex, found.tool[todo, option], rows[todo], at.q, model, held.of(todo), stage)
        possible[todo] = at.ok & path
    return possible


def path_of(
    ex: Execution, tool: Array, rows: NDArray[np.intp], q: Array, model: CollisionModel, held: Held, stage: Stage
) -> Bools:
    """Whether the arm can go along ``tool`` (k, POINTS + 1, 7) from joints ``q`` (k, n) without meeting anything."""
    path, ok = ex.arm.follow(ex.to_base(tool[:, 1:], rows), q)
    whole = np.concatenate([q[:, None], path], axis=1)
    return ok & model.free(whole, rows, ignore=(stage.body,), held=held)
