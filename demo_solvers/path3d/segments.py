"""Segments: Euclidean clusters of what stands on the support, and their parts by colour, by width and by outline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from demo_solvers.path3d.clouds import Array, Cloud, Ints, tree_of
from demo_solvers.path3d.references import grouped, weighted

GAP = 0.009  # m; points nearer than about this are of one cluster
LEAST = 25  # points of a cluster
LEAST_PART = 18  # points of a part
SLICE = 0.006  # m, height of the slices whose widths are compared
STEP = 0.25  # relative change of a slice's width that is a shoulder
COARSE = 0.008  # m, cells of the outline
AVERAGED = 12  # neighbours over which it is averaged what a point looks like
SPLITS = (2, 3, 4)  # numbers of colours that a cluster is split by


@dataclass(frozen=True, eq=False)
class Segment:
    """A whole cluster or a part of one: indices (k,) into the cloud it is of."""

    index: Ints
    cluster: int
    kind: str

    @property
    def whole(self) -> bool:
        """Whether it is all of its cluster."""
        return self.kind in ("cluster", "paint")


def clusters(cloud: Cloud, *, gap: float = GAP) -> list[Segment]:
    """Connected components of the occupied cells, the largest first."""
    mine = components(cloud.points, gap)
    count = np.bincount(mine)
    order = [k for k in np.argsort(-count) if count[k] >= LEAST]
    return [Segment(np.flatnonzero(mine == k), i, "cluster") for i, k in enumerate(order)]


def parts(cloud: Cloud, cluster: Segment) -> list[Segment]:
    """Parts of a cluster, and what remains of it without each; no two the same."""
    points, colours = cloud.points[cluster.index], cloud.colours[cluster.index]
    found = list[tuple[str, NDArray[np.bool_]]]()
    found += [("colour", m) for m in _by_colour(points, colours)]
    found += [("shoulder", m) for m in _by_width(points)]
    found += [("outline", m) for m in _by_outline(points)]
    seen, out = set[bytes](), list[Segment]()
    for kind, mask in found:
        for name, m in ((kind, mask), (f"all but {kind}", ~mask)):
            if min(m.sum(), (~m).sum()) >= LEAST_PART and m.tobytes() not in seen:
                seen.add(m.tobytes())
                out.append(Segment(cluster.index[m], cluster.cluster, name))
    return out


def parts_like(cloud: Cloud, cluster: Segment, palettes: Sequence[Array]) -> list[Segment]:
    """Parts of a cluster that look more like one of some things, by their ``palettes``, than like the others."""
    points, values = cloud.points[cluster.index], weighted(cloud.colours[cluster.index])
    gaps = np.stack([np.linalg.norm(values[:, None] - p[None], axis=2).min(axis=1) for p in palettes], axis=1)
    _, near = tree_of(points).query(points, k=min(AVERAGED, len(points)))
    mine, out = gaps[near].mean(axis=1).argmin(axis=1), list[Segment]()
    for k in range(len(palettes)):
        where = np.flatnonzero(mine == k)
        pieces = components(points[where], GAP)
        for piece in np.flatnonzero(np.bincount(pieces) >= LEAST_PART) if len(pieces) else ():
            if (pieces == piece).sum() < len(points):
                out.append(Segment(cluster.index[where[pieces == piece]], cluster.cluster, "palette"))
    return out


def components(points: Array, size: float) -> Ints:
    """Component (n,) of each point, of a grid with cells of ``size`` m in which neighbours touch."""
    if not len(points):
        return np.zeros(0, np.int64)
    cells = np.floor(points / size).astype(np.int64)
    cells -= cells.min(axis=0) - 1
    grid = np.zeros(cells.max(axis=0) + 2, bool)
    grid[tuple(cells.T)] = True
    return np.asarray(labelled(grid)[tuple(cells.T)], np.int64) - 1


def _by_colour(points: Array, colours: Array) -> list[NDArray[np.bool_]]:
    values, found = weighted(colours), list[NDArray[np.bool_]]()
    for k in SPLITS:
        if len(values) < k * LEAST_PART:
            break
        _, mine = grouped(values, k)
        for colour in range(k):
            where = np.flatnonzero(mine == colour)
            pieces = components(points[where], GAP)
            for piece in np.flatnonzero(np.bincount(pieces) >= LEAST_PART) if len(pieces) else ():
                mask = np.zeros(len(points), bool)
                mask[where[pieces == piece]] = True
                found.append(mask)
    return found


def _by_width(points: Array) -> list[NDArray[np.bool_]]:
    """What lies above each height at which the horizontal extent changes at once."""
    level = np.floor((points[:, 2] - points[:, 2].min()) / SLICE).astype(int)
    widths = np.array([_extent(points[level == k]) for k in range(level.max() + 1)])
    found = []
    for k in range(1, len(widths)):
        a, b = widths[k - 1], widths[k]
        if min(a, b) > 0 and abs(a - b) > STEP * max(a, b):
            found.append(level >= k)
    return found


def _extent(points: Array) -> float:
    return float(np.ptp(points[:, :2], axis=0).max()) if len(points) else 0.0


def _by_outline(points: Array) -> list[NDArray[np.bool_]]:
    """What sticks out of the outline as seen from above: it is lost when the outline is opened."""
    cells = np.floor(points[:, :2] / COARSE).astype(int)
    cells -= cells.min(axis=0) - 8
    grid = np.zeros(cells.max(axis=0) + 9, bool)
    grid[tuple(cells.T)] = True
    grid = ndimage.binary_fill_holes(ndimage.binary_closing(grid, np.ones((3, 3))))
    found = []
    for radius in (2, 3, 4):
        y, x = np.ogrid[-radius : radius + 1, -radius : radius + 1]
        opened = ndimage.binary_opening(grid, x * x + y * y <= radius * radius + 1)
        lost = labelled(grid & ~np.asarray(opened, bool))
        area = np.bincount(lost.ravel())
        for k in range(1, len(area)):
            if area[k] >= 6:
                found.append(lost[tuple(cells.T)] == k)
    return found


def labelled(grid: NDArray[np.bool_]) -> Ints:
    """The component, from 1, of each set cell of a grid; 0 where it is not set."""
    found, _ = ndimage.label(grid, np.ones((3,) * grid.ndim))  # pyright: ignore[reportGeneralTypeIssues]
    return np.asarray(found, np.int64)
