"""Cavities and support areas, found by looking down on the convex pieces."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from assets.annotation.solids import Solids
from pipeline.core.geometry import Box

Array = NDArray[np.float64]
CELLS = 96
FILL = 0.9  # share of a cavity's footprint that must be open: a round bowl gets a square that nearly fits inside
LEVEL = 0.004  # m; heights this close belong to one flat top


def height_map(solids: Solids, cells: int = CELLS) -> tuple[Array, Array, Array]:
    """Grid x (n,), y (n,) and the top surface's height (n, n) [m], indexed [x, y]; -inf beside the object."""
    low, high = solids.bounds
    x, y = (np.linspace(low[a], high[a], cells) for a in (0, 1))
    gx, gy = np.meshgrid(x, y, indexing="ij")
    origins = np.stack([gx.ravel(), gy.ravel(), np.zeros(gx.size)], axis=1)
    enter, leave, *_ = solids.cast(origins, np.broadcast_to([0.0, 0.0, 1.0], origins.shape))
    top = np.where(enter <= leave, leave, -np.inf).max(axis=0)
    return x, y, top.reshape(cells, cells)


def find_cavity(solids: Solids) -> Box | None:
    """The interior open towards +z: from its floor to its rim; None when there is none at least 1 cm deep."""
    x, y, top = height_map(solids)
    low, high = solids.bounds
    label = _largest_region(np.isfinite(top) & (top < high[2] - 0.4 * (high[2] - low[2])))
    if label is None:
        return None
    cx, cy = (float(np.average(v, weights=label.sum(axis=1 - a))) for a, v in enumerate((x, y)))
    floor = float(np.percentile(top[label], 20))
    rim = _rim_height(top, label)
    half = _open_rectangle(x - cx, y - cy, label)
    if rim - floor < 0.01:
        return None
    return Box(pose=(cx, cy, (floor + rim) / 2, 1.0, 0.0, 0.0, 0.0), half=(half[0], half[1], (rim - floor) / 2))


def find_support(solids: Solids, *, inset: float = 0.003) -> Box | None:
    """The flat area on top, as a box 2 mm thick centred on the surface; None when nothing flat is 2 cm wide.

    The level is the most common height; the area is a rectangle about its centre, ``inset`` [m] smaller on each side.
    """
    x, y, top = height_map(solids)
    heights = top[np.isfinite(top)]
    counts = [(np.abs(heights - h) < LEVEL / 2).sum() for h in np.unique(heights.round(3))]
    level = float(np.unique(heights.round(3))[int(np.argmax(counts))])
    region = _largest_region(np.abs(top - level) < LEVEL / 2)
    if region is None:
        return None
    cx, cy = (float(np.average(v, weights=region.sum(axis=1 - a))) for a, v in enumerate((x, y)))
    half = [h - inset for h in _open_rectangle(x - cx, y - cy, region)]
    if min(half) < 0.01:
        return None
    surface = float(np.median(top[region]))
    return Box(pose=(cx, cy, surface, 1.0, 0.0, 0.0, 0.0), half=(half[0], half[1], 0.001))


def _largest_region(mask: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    labels, count = cast(tuple[NDArray[np.int32], int], ndimage.label(mask))
    if not count:
        return None
    sizes = np.bincount(labels.ravel())[1:]
    return labels == int(np.argmax(sizes)) + 1


def _rim_height(top: Array, region: NDArray[np.bool_]) -> float:
    """The height at which contents would spill: a low percentile of the tops around the region."""
    wide, tight = (np.asarray(ndimage.binary_dilation(region, iterations=n), bool) for n in (6, 1))
    ring = wide & ~tight
    around = top[ring & np.isfinite(top)]
    angle_wise = np.sort(around)[len(around) // 2 :]  # the outer slope of the wall is not the rim
    return float(np.percentile(angle_wise, 20)) if len(angle_wise) else -np.inf


def _open_rectangle(x: Array, y: Array, region: NDArray[np.bool_]) -> tuple[float, float]:
    """Half sizes of the largest rectangle about the origin, of the region's proportions, that is open enough."""
    extent = np.ptp(x[region.any(axis=1)]) / 2, np.ptp(y[region.any(axis=0)]) / 2
    for scale in np.linspace(1.0, 0.3, 57):
        half = extent[0] * scale, extent[1] * scale
        inside = (np.abs(x) <= half[0])[:, None] & (np.abs(y) <= half[1])[None]
        if region[inside].mean() >= FILL:
            return float(half[0]), float(half[1])
    return 0.0, 0.0
