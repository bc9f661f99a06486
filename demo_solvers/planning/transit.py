"""Collision-checked free motion of a batch: straight in joint space, over a detour, optimised, else by tree search."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from demo_solvers.execution import Execution
from demo_solvers.planning.arm import Arm, Array
from demo_solvers.planning.collision import CollisionModel, Held
from demo_solvers.planning.rrt_connect import rrt_connect
from pipeline.core import poses
from pipeline.core.streams import stream
from pipeline.core.world import Bools

POINTS = 20
CLEAR_HEIGHTS = (0.38, 0.22)  # m above the table: over every object and a cabinet's top drawer, over the low ones
CLEAR_HEIGHT = CLEAR_HEIGHTS[0]


class Seeded(Protocol):
    """Anything with a seed."""

    @property
    def seed(self) -> int:
        """Of its random streams."""
        ...


class Mover(Protocol):
    """What a transit is planned for: a batch of arms, where they are commanded to be, and who still takes part."""

    @property
    def arm(self) -> Arm:
        """The arm at work."""
        ...

    @property
    def q(self) -> Array:
        """Commanded joints (batch, n) rad."""
        ...

    @property
    def alive(self) -> Bools:
        """Who takes part, (batch,)."""
        ...

    @property
    def problem(self) -> Seeded:
        """Where the seed comes from."""
        ...

    @property
    def stage_names(self) -> list[str]:
        """Names of what was done so far."""
        ...


def plan_transit(
    ex: Mover, q_goal: Array, model: CollisionModel, *, ignore: Collection[str] = (), held: Held | None = None
) -> tuple[Array, Bools]:
    """Joint waypoints (batch, POINTS, n) from the commanded joints to ``q_goal`` (batch, n), and who found a path.

    All live rows try the straight line in joint space at once; the rows that collide try detours through raised tool
    poses, then to bend the straight line and the detours out of collision; only what is left goes, one by one, to
    RRT-Connect. Every path is checked all the way between its waypoints.
    """
    planner = _Planner(ex, q_goal, model, ignore, held)
    planner.take(planner.straight, planner.open)
    hopeful = planner.open
    possible = model.free(q_goal[hopeful, None], hopeful, ignore=ignore, held=_of(held, hopeful))
    planner.closed[hopeful[~possible]] = True
    for height in CLEAR_HEIGHTS:
        planner.take_detour(height)
    planner.take_bent(planner.straight)
    for detour in planner.detours:
        planner.take_bent(detour)
    for row in planner.open:
        planner.take_tree(int(row))
    return planner.path, planner.found & ex.alive


def go_free(
    ex: Execution,
    q_goal: Array,
    model: CollisionModel,
    *,
    expected: str,
    ignore: Collection[str] = (),
    held: Held | None = None,
) -> Array:
    """Waypoints as of :func:`plan_transit`; rows without a path are failed, with the pair that is in the way."""
    path, ok = plan_transit(ex, q_goal, model, ignore=ignore, held=held)
    lost = np.flatnonzero(ex.alive & ~ok)
    for row, pair in zip(lost, blame(ex, q_goal, model, lost, ignore=ignore, held=held), strict=True):
        seen = " meets ".join(pair) if pair else "no way found around what is near"
        ex.fail([row], "path_in_collision", expected=expected, seen=seen, bodies=pair)
    return path


def blame(
    ex: Mover,
    q_goal: Array,
    model: CollisionModel,
    rows: ArrayLike,
    *,
    ignore: Collection[str] = (),
    held: Held | None = None,
) -> list[tuple[str, ...]]:
    """Which two things stand against a transit of ``rows`` (k,): at its goal, else at its start, else on the line."""
    rows = np.asarray(rows, np.intp)
    start, goal, share = ex.q[rows], q_goal[rows], np.linspace(0, 1, 4 * POINTS)[:, None]
    line = start[:, None] + share * (goal - start)[:, None]
    asked = [
        model.culprits(q, rows, ignore=ignore, held=_of(held, rows)) for q in (goal[:, None], start[:, None], line)
    ]
    return [next((pair for pair in pairs if pair), ()) for pairs in zip(*asked, strict=True)]


class _Planner:
    """The paths of a batch while they are sought: ``found`` rows have one, ``closed`` rows can have none."""

    def __init__(
        self, ex: Mover, q_goal: Array, model: CollisionModel, ignore: Collection[str], held: Held | None
    ) -> None:
        self.ex, self.goal, self.model, self.ignore, self.held = ex, q_goal, model, ignore, held
        self.straight = _resample(np.stack([ex.q, q_goal], axis=1))
        self.path = self.straight.copy()
        self.found, self.closed = ~ex.alive, np.zeros(len(q_goal), bool)
        self.detours: list[Array] = []

    @property
    def open(self) -> NDArray[np.intp]:
        """Rows that still look for a path."""
        return np.flatnonzero(~self.found & ~self.closed)

    def take(self, path: Array, rows: NDArray[np.intp]) -> None:
        """Use ``path`` (batch, POINTS, n) in those of ``rows`` in which it is clear."""
        if len(rows):
            whole = np.concatenate([self.ex.q[rows, None], path[rows]], axis=1)
            ok = self.model.clear(whole, rows, ignore=self.ignore, held=_of(self.held, rows))
            self.path[rows[ok]], self.found[rows[ok]] = path[rows[ok]], True

    def take_detour(self, height: float) -> None:
        """Try the way over tool poses at ``height`` m; it is kept for bending in any case."""
        rows = self.open
        if len(rows):
            detour = self.straight.copy()
            detour[rows], reached = _detour(self.ex, self.goal, rows, height)
            self.detours.append(detour)
            self.take(detour, rows[reached])

    def take_bent(self, path: Array) -> None:
        """Try ``path`` bent out of collision."""
        rows, arm = self.open, self.ex.arm
        if len(rows):
            bent, ok = self.model.bend(
                self.ex.q[rows], path[rows], rows, lower=arm.lower, upper=arm.upper, ignore=self.ignore,
                held=_of(self.held, rows),
            )  # fmt: skip
            self.path[rows[ok]], self.found[rows[ok]] = bent[ok], True

    def take_tree(self, row: int) -> None:
        """Search one row by RRT-Connect, then straighten and bend what it found."""
        ex = self.ex
        held, rows = _of(self.held, [row]), np.array([row])
        corners = rrt_connect(
            ex.q[row], self.goal[row], lower=ex.arm.lower, upper=ex.arm.upper,
            rng=stream(ex.problem.seed, "rrt", len(ex.stage_names), row),
            free=lambda q: bool(self.model.free(q[None], rows, ignore=self.ignore, held=held)[0]),
        )  # fmt: skip
        if corners is not None:
            path = self.straight.copy()
            path[row] = _resample(corners[None])[0]
            self.take_bent(path)


def _of(held: Held | None, rows: ArrayLike) -> Held | None:
    return None if held is None else held.of(np.asarray(rows))


def _detour(ex: Mover, q_goal: Array, rows: NDArray[np.intp], height: float) -> tuple[Array, Bools]:
    start, goal = ex.q[rows], q_goal[rows]
    up = [_raised(ex, q, height) for q in (start, goal)]
    corners = np.stack([start, up[0][0], up[1][0], goal], axis=1)
    return _resample(corners), up[0][1] & up[1][1]


def _raised(ex: Mover, q: Array, height: float) -> tuple[Array, Bools]:
    target = ex.arm.tool_pose(q)
    target[:, 2] = np.maximum(target[:, 2], height)
    result = ex.arm.ik(target, q, posture=ex.arm.home)
    return result.q, result.ok


def _resample(corners: Array) -> Array:
    """POINTS waypoints, evenly spaced along the polyline through ``corners`` (rows, k, n), without its first point."""
    steps = np.linalg.norm(np.diff(corners, axis=1), axis=-1)
    length = np.concatenate([np.zeros((len(corners), 1)), np.cumsum(steps, axis=1)], axis=1)
    length /= np.maximum(length[:, -1:], 1e-9)
    wanted = np.linspace(0, 1, POINTS + 1)[1:]
    out = np.empty((len(corners), POINTS, corners.shape[-1]))
    for i in range(len(corners)):
        for j in range(corners.shape[-1]):
            out[i, :, j] = np.interp(wanted, length[i], corners[i, :, j])
    return out


def raise_tool(T_world_tool: Array, height: float) -> Array:
    """Tool poses (..., 7) moved up by ``height`` m in the world."""
    return poses.pose(T_world_tool[..., :3] + np.array([0.0, 0.0, height]), T_world_tool[..., 3:])
