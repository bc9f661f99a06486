"""Collision spheres: cover convex pieces with few spheres that stand out of them by a bounded amount."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from assets.values import vec3

Array = NDArray[np.float64]
MISSED = 0.002  # m; a sample this far inside the rest of the cover is not worth a sphere


def cover_with_spheres(
    pieces: Sequence[Array], overshoot: float, *, slack: float = 0.0, samples: int = 2000, seed: int = 0
) -> list[tuple[float, float, float, float]]:
    """Spheres (x, y, z, r) [m] that together hold the union of convex ``pieces``, each a point set (n, 3).

    Greedy set cover: a candidate is centred inside a piece with the radius of the largest inscribed sphere there plus
    ``overshoot`` [m]; the one that holds the most uncovered samples is taken until none is left. A sample counts as
    covered when it is within ``slack`` [m] of a sphere: without it, corners cost most of the spheres.
    """
    hulls = [ConvexHull(p) for p in pieces]
    rng = np.random.Generator(np.random.PCG64(seed))
    surface = np.concatenate([_surface(p, h, samples // len(pieces), seed) for p, h in zip(pieces, hulls, strict=True)])
    drawn = [_interior(p, h, samples // len(pieces), rng) for p, h in zip(pieces, hulls, strict=True)]
    centres = np.concatenate(drawn)
    radius = np.maximum.reduce([_depth(h, centres) for h in hulls]) + overshoot
    targets = surface[np.maximum.reduce([_depth(h, surface) for h in hulls]) < MISSED]
    holds = np.linalg.norm(targets[None] - centres[:, None], axis=-1) <= radius[:, None] + slack
    chosen: list[int] = []
    left = np.ones(len(targets), bool)
    while left.any():
        best = int(np.argmax((holds & left).sum(axis=1)))
        if not (holds[best] & left).any():
            break
        chosen.append(best)
        left &= ~holds[best]
    return [(*vec3(centres[i].round(4)), float(radius[i].round(4))) for i in chosen]


def _depth(hull: ConvexHull, points: Array) -> Array:
    """Signed depth (n,) of points inside the hull, positive inside."""
    planes = hull.equations
    return -(points @ planes[:, :3].T + planes[:, 3]).max(axis=1)


def _surface(points: Array, hull: ConvexHull, count: int, seed: int) -> Array:
    mesh = trimesh.Trimesh(points, hull.simplices, process=False)
    found, _ = trimesh.sample.sample_surface_even(mesh, count, seed=seed)
    return np.concatenate([np.asarray(found, float), points[hull.vertices]])


def _interior(points: Array, hull: ConvexHull, count: int, rng: np.random.Generator) -> Array:
    low, high = points.min(axis=0), points.max(axis=0)
    drawn = rng.uniform(low, high, (count * 20, 3))
    inside = drawn[_depth(hull, drawn) > 0][:count]
    return np.concatenate([inside, points[hull.vertices].mean(axis=0, keepdims=True)])
