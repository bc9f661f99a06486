"""RRT-Connect in joint space with shortcut smoothing, for the few rows that no simple motion serves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demo_solvers.planning.arm import Array

STEP = 0.25  # rad, tree growth
RESOLUTION = 0.06  # rad, edge checking
MAX_NODES = 600
SHORTCUTS = 40


def rrt_connect(
    start: Array, goal: Array, *, lower: Array, upper: Array, rng: np.random.Generator, free: Callable[[Array], bool]
) -> Array | None:
    """A collision-free path (points, n) from ``start`` to ``goal``, or None when the node budget is spent.

    ``free`` takes configurations (points, n) and says whether all of them are. Source: Kuffner and LaValle,
    "RRT-Connect" (ICRA 2000). The budget is counted in nodes, so the result does not depend on the machine's speed.
    """
    if not (free(start[None]) and free(goal[None])):
        return None
    trees = (_Tree(start), _Tree(goal))
    while len(trees[0].nodes) + len(trees[1].nodes) < MAX_NODES:
        grown, other = trees
        new = grown.extend(rng.uniform(lower, upper), free)
        if new is not None:
            meeting = other.connect(grown.nodes[new], free)
            if meeting is not None:
                path = np.array(grown.back(new)[::-1] + other.back(meeting)[1:])
                path = path if np.array_equal(path[0], start) else path[::-1]
                return _shortcut(path, rng, free)
        trees = (other, grown)
    return None


class _Tree:
    def __init__(self, root: Array) -> None:
        self.nodes: list[Array] = [root]
        self._parents = [-1]

    def extend(self, target: Array, free: Callable[[Array], bool]) -> int | None:
        nearest = int(np.argmin(np.linalg.norm(np.array(self.nodes) - target, axis=1)))
        gap = target - self.nodes[nearest]
        distance = float(np.linalg.norm(gap))
        new = target if distance <= STEP else self.nodes[nearest] + gap * (STEP / distance)
        if not _edge_free(self.nodes[nearest], new, free):
            return None
        self.nodes.append(new)
        self._parents.append(nearest)
        return len(self.nodes) - 1

    def connect(self, target: Array, free: Callable[[Array], bool]) -> int | None:
        while True:
            new = self.extend(target, free)
            if new is None:
                return None
            if np.array_equal(self.nodes[new], target):
                return new

    def back(self, index: int) -> list[Array]:
        path = [self.nodes[index]]
        while self._parents[index] >= 0:
            index = self._parents[index]
            path.append(self.nodes[index])
        return path


def _edge_free(a: Array, b: Array, free: Callable[[Array], bool]) -> bool:
    count = max(2, int(np.ceil(np.abs(b - a).max() / RESOLUTION)) + 1)
    return free(a + np.linspace(0, 1, count)[1:, None] * (b - a))


def _shortcut(path: Array, rng: np.random.Generator, free: Callable[[Array], bool]) -> Array:
    for _ in range(SHORTCUTS):
        if len(path) <= 2:
            break
        i, j = sorted(rng.choice(len(path), 2, replace=False))
        if j - i > 1 and _edge_free(path[i], path[j], free):
            path = np.concatenate([path[: i + 1], path[j:]])
    return path
