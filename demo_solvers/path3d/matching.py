"""Matching: which segment is which queried thing, by palette and size, all queries at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo_solvers.path3d.clouds import Array, Cloud
from demo_solvers.path3d.references import Reference, palette_of, weighted
from demo_solvers.path3d.segments import Segment
from pipeline.core.world import Bools

COLOUR_UNIT = 18.0  # of weighted Lab that costs 1
LARGER, SMALLER, HIDDEN = 5.0, 3.5, 1.2
"""Cost of a size that is e times too large, or too small for a thing that stands alone or touches another, which may
hide some of it."""
SIZE_UNKNOWN = 0.2  # cost of a size where the reference, pictures without depth, tells none
PART = 0.05  # cost of being a part of a cluster
LEFT_OVER = 0.9  # cost of a cluster all of which looks like a thing that is in it, and is said not to be
ALIKE = 22.0  # of weighted Lab between a point and a thing's palette
WORST = 1.1  # cost at which nothing is the thing
KEPT = 12  # best segments a query
OVERLAP = 0.15  # share of the smaller segment that two things may have in common
VOXEL_SIZE = 0.004  # m, how much larger a thing looks for its voxels


@dataclass(frozen=True, eq=False)
class Match:
    """A segment that stands for a query, and at what cost."""

    segment: Segment
    cost: float


def extents(points: Array) -> Array:
    """Sizes (3,) m: the sides of the smallest upright box around points (n, 3), the longer first, and its height."""
    angles = np.deg2rad(np.arange(0.0, 90.0, 5.0))
    c, s = np.cos(angles)[:, None], np.sin(angles)[:, None]
    x, y = points[:, 0], points[:, 1]
    a = np.ptp(c * x + s * y, axis=1)
    b = np.ptp(-s * x + c * y, axis=1)
    best = int(np.argmin(a * b))
    return np.array([max(a[best], b[best]), min(a[best], b[best]), np.ptp(points[:, 2])])


def colour_cost(colours: Array, reference: Reference) -> float:
    """How far colours (n, 3) are from a reference's palette, and the palette's main colours from them."""
    values = weighted(colours)
    gap = np.linalg.norm(values[:, None] - reference.palette[None], axis=2).min(axis=1)
    mine, _ = palette_of(colours)
    back = np.linalg.norm(reference.palette[:, None] - mine[None], axis=2).min(axis=1)
    return float(
        (0.6 * np.minimum(gap, 60).mean() + 0.4 * (reference.weights * np.minimum(back, 60)).sum()) / COLOUR_UNIT
    )


def size_cost(points: Array, reference: Reference, *, smaller: float = SMALLER) -> float:
    """How little the size of points (n, 3) is that of a reference lying on any of its sides."""
    if not np.isfinite(reference.extents).all():
        return SIZE_UNKNOWN
    size, best = extents(points), np.inf
    for up in range(3):
        level = sorted((reference.extents[i] for i in range(3) if i != up), reverse=True)
        ratio = np.log((size + 1e-4) / np.maximum([*level, reference.extents[up]], 1e-3))
        slack = VOXEL_SIZE / np.maximum([*level, reference.extents[up]], 1e-3)
        over = np.maximum(ratio - slack, 0.0)
        under = np.maximum(-ratio - slack, 0.0)
        best = min(best, float(LARGER * over.sum() + smaller * under.sum()) / 3 + (0.0 if up == 2 else 0.05))
    return best


def match(cloud: Cloud, segments: list[Segment], references: dict[str, Reference]) -> dict[str, Match]:
    """The cheapest choice of one segment a query such that no two share points; hopeless queries are left out."""
    offers = {name: _offers(cloud, segments, reference) for name, reference in references.items()}
    values = weighted(cloud.colours)
    looks = {
        n: np.linalg.norm(values[:, None] - r.palette[None], axis=2).min(axis=1) < ALIKE for n, r in references.items()
    }
    rooms = {
        (name, s.cluster): size_cost(cloud.points[s.index], reference, smaller=0.0) < WORST
        for name, reference in references.items()
        for s in segments
        if s.whole
    }
    names = sorted(offers, key=lambda n: len(offers[n]))
    best: tuple[float, dict[str, Match]] = (np.inf, {})

    def search(number: int, cost: float, chosen: dict[str, Match]) -> None:
        nonlocal best
        if cost >= best[0]:
            return
        if number == len(names):
            cost += _left_over(cloud, segments, looks, rooms, chosen)
            best = (cost, dict(chosen)) if cost < best[0] else best
            return
        name = names[number]
        for offer in offers[name]:
            if all(not _share(offer.segment, other.segment) for other in chosen.values()):
                search(number + 1, cost + offer.cost, chosen | {name: offer})
        search(number + 1, cost + WORST, chosen)

    search(0, 0.0, {})
    return best[1]


def _offers(cloud: Cloud, segments: list[Segment], reference: Reference) -> list[Match]:
    found = []
    for segment in segments:
        smaller = SMALLER if segment.whole else HIDDEN
        cost = size_cost(cloud.points[segment.index], reference, smaller=smaller) + (0.0 if segment.whole else PART)
        if cost < WORST:
            cost += colour_cost(cloud.colours[segment.index], reference)
        if cost < WORST:
            found.append(Match(segment, cost))
    return sorted(found, key=lambda m: m.cost)[:KEPT]


def _left_over(
    cloud: Cloud,
    segments: list[Segment],
    looks: dict[str, Bools],
    rooms: dict[tuple[str, int], bool],
    chosen: dict[str, Match],
) -> float:
    """What it costs that points which look like the things in their cluster belong to none of them.

    A cluster that is too large to be a thing (``rooms``) has, where nothing else is known of it, points of others.
    """
    whole, cost = {s.cluster: s.index for s in segments if s.whole}, 0.0
    for cluster in {m.segment.cluster for m in chosen.values()}:
        mine = {name: m for name, m in chosen.items() if m.segment.cluster == cluster}
        if len(mine) == 1 and not rooms[next(iter(mine)), cluster]:
            continue
        like = np.zeros(len(cloud), bool)
        like[whole[cluster]] = True
        like &= np.any([looks[name] for name in mine], axis=0)
        for m in mine.values():
            like[m.segment.index] = False
        cost += LEFT_OVER * float(like.sum()) / len(whole[cluster])
    return cost


def _share(a: Segment, b: Segment) -> bool:
    if a.cluster != b.cluster:
        return False
    common = len(np.intersect1d(a.index, b.index, assume_unique=True))
    return common > OVERLAP * min(len(a.index), len(b.index))
