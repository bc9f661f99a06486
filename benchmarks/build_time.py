"""How long a scene of six things takes to build in a warm process: sample the layout, load it into the engine.

    python -m benchmarks.build_time [--scenes 20] [--engines genesis mujoco]

Six different free things of the library are drawn for each scene, so that no scene repeats another's build. One process
an engine builds them one after the other, two worlds each; the first two are not counted, for they compile kernels.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

from assets.catalog import LibraryCatalog
from benchmarks._cells import Cell, parser, processes, save, table
from benchmarks._layouts import draw_things
from benchmarks._problems import simulator_of
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from scene_gen.builder import TabletopBuilder
from task_gen.pantry import Pantry

NAME = "build_time"
TARGET = 2.5  # s, median
THINGS, WORLDS, WARM_UP = 6, 2, 2
ROBOT = "panda"


def main() -> None:
    """Measure, print and save."""
    options = _options()
    engines = dict[str, Cell]()
    for engine in options.engines:
        with processes(backend=engine, cells=1) as pool:
            engines[engine] = pool.submit(_measure, engine, scenes=options.scenes, seed=options.seed).result()
    rows: list[tuple[Any, ...]] = [
        (e, *(f"{c[k]:.2f}" for k in ("median_s", "p90_s", "sample_median_s", "load_median_s")))
        for e, c in engines.items()
    ]
    table(("engine", "median s", "90% s", "of it sampling", "loading"), rows)
    save(NAME, options, target_s=TARGET, engines=engines)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--engines", nargs="+", choices=("genesis", "mujoco"), default=["genesis", "mujoco"])
    made.add_argument("--scenes", type=int, default=20)
    made.add_argument("--seed", type=int, default=13)
    return made.parse_args()


def _measure(engine: str, *, scenes: int, seed: int) -> Cell:
    catalog = LibraryCatalog()
    robot = catalog.robot(ROBOT)
    simulator, pantry = simulator_of(engine), Pantry(catalog, robot)
    sampled, loaded = list[float](), list[float]()
    for index in range(scenes + WARM_UP):
        objects, goal = draw_things(pantry, stream(seed, NAME, index), count=THINGS)
        task = TaskSpec(name=f"six_{index}", family="pick_place", instruction="Do it.", objects=objects, goal=goal)
        builder = TabletopBuilder(catalog, robot, cameras=())
        began = time.perf_counter()
        built = [builder.build(task, stream(seed, NAME, index, row)) for row in range(WORLDS)]
        between = time.perf_counter()
        simulator.load(built)
        if index >= WARM_UP:
            sampled.append(between - began)
            loaded.append(time.perf_counter() - between)
    whole = [a + b for a, b in zip(sampled, loaded, strict=True)]
    return {
        "median_s": statistics.median(whole),
        "p90_s": statistics.quantiles(whole, n=10)[-1],
        "sample_median_s": statistics.median(sampled),
        "load_median_s": statistics.median(loaded),
        "scenes_s": [round(s, 3) for s in whole],
    }


if __name__ == "__main__":
    main()
