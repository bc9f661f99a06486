"""How far the surface that collides is from the surface that is seen, asset by asset.

    python -m benchmarks.collision_surface [ASSET ...] [--points 2000]

Points are spread over the outer surface of each link's convex pieces, and measured to the nearest point of what is seen
of the link. What lies within another piece is left out, and so is the face that a free thing rests on: nobody sees it,
so many models have none, and its height is exact. Points of the seen surface that stick out of all pieces are
measured to the pieces as well (legs of tables have none, for nothing gets there). Both are given as 95th percentiles; a
thing's figure is that of all its links together.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray

from assets.catalog import LibraryCatalog
from assets.importers.compiled import asset_pieces, asset_visuals, compile_asset
from benchmarks._cells import Cell, announce, parser, percent, save, table
from pipeline.core.asset import AssetSpec
from pipeline.core.geometry import Box
from pipeline.core.poses import quat_to_matrix
from pipeline.core.streams import stream_seed

NAME = "collision_surface"
TARGET = 0.005  # m
FOOT = 1e-4  # m
TOUCHING = 0.002  # m: between pieces that a mesh was cut into are gaps that nothing gets into

Array = NDArray[np.float64]


def main() -> None:
    """Measure, print and save."""
    options = _options()
    catalog = LibraryCatalog()
    cells = list[Cell]()
    for name in options.assets or catalog.assets:
        spec = catalog.asset(name)
        if not spec.can("region"):
            announce({"asset": name}, "measuring")
            cells.append(_measure(spec, catalog, points=options.points))
    _print(cells)
    save(NAME, options, target=TARGET, summary=_sum(cells), assets=cells)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("assets", nargs="*", help="default: all but painted regions")
    made.add_argument("--points", type=int, default=2000, help="on each link")
    return made.parse_args()


def _measure(spec: AssetSpec, catalog: LibraryCatalog, *, points: int) -> Cell:
    model = compile_asset(spec, catalog.folder(spec))
    off, out = list[Array](), list[Array]()
    for link in spec.links:
        pieces = [_mesh(p) for p in asset_pieces(model, link)]
        seen = [v.mesh for v in asset_visuals(model, link)]
        if not pieces or not seen:
            continue
        visual = trimesh.util.concatenate(seen)
        assert isinstance(visual, trimesh.Trimesh)
        seed = stream_seed(0, NAME, spec.name, link)
        outer = _outer_points(pieces, points, seed)
        if not spec.fixed:
            outer = outer[outer[:, 2] > min(p.bounds[0, 2] for p in pieces) + FOOT]
        off.append(_distance(visual, outer))
        spread = np.asarray(trimesh.sample.sample_surface(visual, points, seed=seed)[0])
        out.append(np.min([np.maximum(_height(p, spread), 0.0) for p in pieces], axis=0))
    all_off = np.concatenate(off)
    return {
        "asset": spec.name,
        "pieces": sum(len(asset_pieces(model, link)) for link in spec.links),
        "off_p95_m": round(float(np.percentile(all_off, 95)), 5),
        "off_median_m": round(float(np.median(all_off)), 5),
        "near_share": round(float((all_off <= TARGET).mean()), 4),
        "sticks_out_p95_m": round(float(np.percentile(np.concatenate(out), 95)), 5),
    }


def _mesh(piece: Box | trimesh.Trimesh) -> trimesh.Trimesh:
    if not isinstance(piece, Box):
        return trimesh.convex.convex_hull(piece)
    at = np.eye(4)
    at[:3, :3], at[:3, 3] = quat_to_matrix(np.array(piece.pose[3:])), piece.pose[:3]
    return trimesh.creation.box(extents=2 * np.array(piece.half), transform=at)


def _outer_points(pieces: Sequence[trimesh.Trimesh], count: int, seed: int) -> Array:
    """Points (n, 3) on the union's surface, about ``count`` before those within another piece are left out."""
    area = sum(p.area for p in pieces)
    kept = list[Array]()
    for number, piece in enumerate(pieces):
        share = max(1, round(count * piece.area / area))
        points = np.asarray(trimesh.sample.sample_surface(piece, share, seed=seed + number)[0])
        inner = [_within(other, points) for i, other in enumerate(pieces) if i != number]
        kept.append(points[~np.any(inner, axis=0)] if inner else points)
    return np.concatenate(kept)


def _within(piece: trimesh.Trimesh, points: Array) -> NDArray[np.bool_]:
    """Which points (n, 3) are in or on a convex piece."""
    return _height(piece, points) <= TOUCHING


def _height(piece: trimesh.Trimesh, points: Array) -> Array:
    """Distance [m] of points (n, 3) from a convex piece, negative within; beyond an edge a little too small."""
    return np.einsum("fi,nfi->nf", piece.face_normals, points[:, None] - piece.triangles_center[None]).max(axis=1)


def _distance(mesh: trimesh.Trimesh, points: Array) -> Array:
    return np.asarray(trimesh.proximity.closest_point(mesh, points)[1])


def _sum(cells: Sequence[Cell]) -> Cell:
    near = sum(c["off_p95_m"] <= TARGET for c in cells)
    return {
        "assets": len(cells),
        "within_target": near,
        "median_of_p95_m": statistics.median(c["off_p95_m"] for c in cells),
        "near_share": round(statistics.fmean(c["near_share"] for c in cells), 4),
    }


def _print(cells: Sequence[Cell]) -> None:
    rows: list[tuple[Any, ...]] = [
        (c["asset"], c["pieces"], *(f"{c[k] * 1e3:.1f}" for k in ("off_median_m", "off_p95_m", "sticks_out_p95_m")))
        for c in sorted(cells, key=lambda c: -c["off_p95_m"])
    ]
    table(("asset", "pieces", "median mm", "95% mm", "seen outside, 95% mm"), rows)
    summary = _sum(cells)
    share = percent(summary["within_target"] / summary["assets"])
    print(
        f"\n95th percentile within {TARGET * 1e3:.0f} mm: {summary['within_target']} of {summary['assets']} ({share})"
    )
    print(f"points within {TARGET * 1e3:.0f} mm, every asset weighing the same: {percent(summary['near_share'])}")


if __name__ == "__main__":
    main()
