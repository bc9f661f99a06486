"""How well sampled layouts stand: do they settle, keep their relations, start apart, and settle alike in three engines?

    python -m benchmarks.layouts [--draws 15] [--rows 2] [--engines mujoco genesis newton]

For every kind of relation some draws of things from the whole library, each with some layouts, on four supports. A
layout is run for two seconds with the robot holding still. It stands when nothing moved more than 2 cm, tipped, fell or
still moves, and its relations hold then. Depth is the deepest contact of a free thing with anything, measured by
MuJoCo's collision detection at reset and in the settled poses of each engine. Newton runs the exported USD with its
MuJoCo solver, in the environment of ``make test-usd``; of its layouts only the end positions are compared.

Draws for which the sampler finds no layout are refused with a reason before there is one, and are counted apart.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from assets.catalog import LibraryCatalog
from benchmarks._cells import Cell, Cells, parser, percent, processes, save, table
from benchmarks._depth import deepest
from benchmarks._layouts import Layout, draw_layout, kinds
from benchmarks._newton import newton_ends
from benchmarks._problems import simulator_of
from pipeline.core.doors import Unplaceable
from pipeline.core.intervals import wilson
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.settling import settle
from scene_gen.builder import TabletopBuilder
from scene_gen.settle import settle_related
from task_gen.pantry import Pantry

NAME = "layouts"
SECONDS = 2.0
TARGETS = {"stand": 0.95, "depth_m": 0.002, "apart_m": 0.01}
ROBOT = "panda"


def main() -> None:
    """Measure, print and save."""
    options = _options()
    cells, measured = Cells(NAME), list[Cell]()
    with processes(cells=16) as pool:
        for engine in options.engines:
            for kind in options.kinds:
                for index in range(options.draws if engine != "newton" else min(options.draws, options.newton_draws)):
                    key = {"engine": engine, "kind": kind, "index": index, "rows": options.rows, "seed": options.seed}
                    measured.append({**key, **cells.get(key, lambda k=key: pool.submit(_measure, k).result())})
    engines = {e: _sum([c for c in measured if c["engine"] == e]) for e in options.engines if e != "newton"}
    agreement = _agreement(measured, options.engines)
    _print(measured, engines, agreement, options)
    save(NAME, options, targets=TARGETS, engines=engines, agreement=agreement, layouts=measured)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--kinds", nargs="+", choices=kinds(), default=list(kinds()))
    made.add_argument("--engines", nargs="+", choices=("mujoco", "genesis", "newton"), default=["mujoco", "genesis"])
    made.add_argument("--draws", type=int, default=15, help="of things, a kind (default 15)")
    made.add_argument("--newton-draws", type=int, default=3, help="of them also in Newton (default 3)")
    made.add_argument("--rows", type=int, default=2, help="layouts a draw (default 2)")
    made.add_argument("--seed", type=int, default=11)
    return made.parse_args()


def _measure(key: Mapping[str, Any]) -> Cell:
    catalog = LibraryCatalog()
    robot = catalog.robot(ROBOT)
    layout = draw_layout(key["kind"], key["index"], Pantry(catalog, robot), seed=key["seed"])
    try:
        scenes = _scenes(layout, key, TabletopBuilder(catalog, robot, cameras=(), support=layout.support))
    except Unplaceable as error:
        return {"task": _described(layout), "refused": str(error), "rows_measured": []}
    if key["engine"] == "newton":
        ends = newton_ends(scenes, catalog, seconds=SECONDS)
        return {"task": _described(layout), "refused": None, "rows_measured": [{"at": end} for end in ends]}
    simulator = simulator_of(key["engine"])
    settled = settle_related(layout.task, settle(scenes, simulator, seconds=SECONDS), simulator)
    rows = [
        {
            "reason": why,
            "moved_m": round(float(moved.max(initial=0.0)), 5),
            "depth_at_reset_m": round(deepest(before, catalog), 5),
            "depth_m": round(deepest(after, catalog), 5),
            "at": _places(after),
        }
        for before, after, why, moved in zip(scenes, settled.scenes, settled.reasons, settled.moved, strict=True)
    ]
    return {"task": _described(layout), "refused": None, "rows_measured": rows}


def _scenes(layout: Layout, key: Mapping[str, Any], builder: TabletopBuilder) -> list[SceneSpec]:
    names = (key["seed"], "layouts", layout.kind, key["index"])
    return [builder.build(layout.task, stream(*names, row)) for row in range(key["rows"])]


def _described(layout: Layout) -> Cell:
    things = [o.name for o in layout.task.objects]
    return {"support": layout.support, "initial": list(layout.task.initial), "things": things}


def _places(scene: SceneSpec) -> dict[str, list[float]]:
    return {p.name: [round(v, 6) for v in p.pose[:3]] for p in scene.placements if not p.asset.fixed}


def _sum(cells: Sequence[Cell]) -> Cell:
    rows = [row for cell in cells for row in cell["rows_measured"]]
    stand = sum(not row["reason"] for row in rows)
    depths = [max(row["depth_at_reset_m"], row["depth_m"]) for row in rows]
    return {
        "layouts": len(rows),
        "refused_draws": sum(cell["refused"] is not None for cell in cells),
        "stand": stand,
        "rate": stand / len(rows) if rows else None,
        "wilson_95": wilson(stand, len(rows)),
        "deepest_m": max(depths, default=0.0),
        "deeper_than_2_mm": sum(depth > TARGETS["depth_m"] for depth in depths),
        "median_moved_m": statistics.median(row["moved_m"] for row in rows) if rows else None,
    }


def _agreement(cells: Sequence[Cell], engines: Sequence[str]) -> dict[str, Cell]:
    """Distances [m] between where two engines leave the same thing of the same layout."""
    ends = {
        engine: {
            (cell["kind"], cell["index"], row, name): np.array(at)
            for cell in cells
            if cell["engine"] == engine
            for row, measured in enumerate(cell["rows_measured"])
            for name, at in measured["at"].items()
        }
        for engine in engines
    }
    found = dict[str, Cell]()
    for a, b in combinations(engines, 2):
        apart = [float(np.linalg.norm(ends[a][k] - ends[b][k])) for k in ends[a].keys() & ends[b].keys()]
        if apart:
            q50, q95 = np.percentile(apart, [50, 95])
            share = float(np.mean(np.array(apart) < TARGETS["apart_m"]))
            found[f"{a} and {b}"] = {
                "things": len(apart), "median_m": float(q50), "p95_m": float(q95), "under_1_cm": share,
            }  # fmt: skip
    return found


def _print(
    cells: Sequence[Cell], engines: Mapping[str, Cell], agreement: Mapping[str, Cell], options: argparse.Namespace
) -> None:
    for engine in engines:
        mine = [c for c in cells if c["engine"] == engine]
        rows = [(kind, _sum([c for c in mine if c["kind"] == kind])) for kind in options.kinds]
        headers = (engine, "layouts", "stand", "rate", "deepest mm", "refused draws")
        table(headers, [_line(name, summed) for name, summed in (*rows, ("all", engines[engine]))])
        for cell in mine:
            for reason in [cell["refused"], *(row["reason"] for row in cell["rows_measured"])]:
                if reason:
                    print(f"{cell['kind']} {cell['index']} on {cell['task']['support']}: {reason[:200]}")
    headers = ("engines", "things", "median mm", "95% mm", "under 1 cm")
    millimetres = [
        (pair, c["things"], f"{c['median_m'] * 1e3:.2f}", f"{c['p95_m'] * 1e3:.2f}", percent(c["under_1_cm"]))
        for pair, c in agreement.items()
    ]
    table(headers, millimetres)


def _line(name: str, summed: Cell) -> tuple[Any, ...]:
    rate = "-" if summed["rate"] is None else percent(summed["rate"])
    deepest_mm = f"{summed['deepest_m'] * 1e3:.2f}"
    return (name, summed["layouts"], summed["stand"], rate, deepest_mm, summed["refused_draws"])


if __name__ == "__main__":
    main()
