"""How fast pictures are made: frames/s of 128x128 rgb from both cameras while stepping at the control rate.

    python -m benchmarks.render_speed [--worlds 1 4 8] [--steps 60]

A frame is one picture of one camera of one world. Between two pictures of a camera the worlds take one control step, in
which the arm swings, so that both views change. Measured in one process, and in two at once, as the line runs on two
cores; then the rates add up.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from multiprocessing import Manager
from typing import Any

import numpy as np

from assets.catalog import LibraryCatalog
from benchmarks._cells import Cell, Cells, parser, processes, save, table
from benchmarks._problems import proposals, simulator_of
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from pipeline.core.world import Actions
from scene_gen.builder import TabletopBuilder

NAME = "render_speed"
TARGET = 60.0  # frames/s on two cores
WARM_UP = 5  # control steps
SWING = 0.3  # rad of the first and the fourth joint
READY = 600.0  # s to wait for the other process


def main() -> None:
    """Measure, print and save."""
    options = _options()
    cells, measured = Cells(NAME), list[Cell]()
    task = next(t for t in proposals(options.robot, per_family=1, seed=options.seed) if t.family == options.family)
    for count in options.processes:
        for worlds in options.worlds:
            key = {"task": task.name, "processes": count, "worlds": worlds, **_what(options)}
            measured.append(cells.get(key, lambda k=key: _together(task, k)))
    _print(measured)
    save(NAME, options, target=TARGET, cells=measured)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="genesis")
    made.add_argument("--robot", default="panda")
    made.add_argument("--family", default="pick_place", help="whose first task is filmed")
    made.add_argument("--worlds", nargs="+", type=int, default=[1, 4, 8])
    made.add_argument("--processes", nargs="+", type=int, default=[1, 2] if (os.cpu_count() or 1) > 1 else [1])
    made.add_argument("--steps", type=int, default=60, help="control steps measured")
    made.add_argument("--seed", type=int, default=7)
    return made.parse_args()


def _what(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in ("backend", "robot", "steps", "seed")}


def _together(task: TaskSpec, key: Mapping[str, Any]) -> Cell:
    """Let all processes film at the same time; none begins before every one is warm."""
    count = key["processes"]
    with Manager() as manager, processes(count, backend=key["backend"], cells=1) as pool:
        barrier = manager.Barrier(count)
        single = [pool.submit(_film, task, dict(key), barrier) for _ in range(count)]
        films = [future.result() for future in single]
    return {
        "processes": count,
        "worlds": key["worlds"],
        "cameras": films[0]["cameras"],
        "frames_per_s": round(sum(f["frames"] / f["seconds"] for f in films), 1),
        "render_only_per_s": round(sum(f["frames"] / f["render_seconds"] for f in films), 1),
        "films": films,
    }


def _film(task: TaskSpec, key: Mapping[str, Any], barrier: Any) -> Cell:
    """Step and render in this process; seconds of both together, and of rendering alone."""
    simulator = simulator_of(key["backend"])
    scenes = _scenes(task, key)
    cameras = [camera.name for camera in scenes[0].cameras]
    simulator.load(scenes)
    actions = _swing(scenes, WARM_UP + key["steps"])
    for action in actions[:WARM_UP]:
        simulator.run(action[None])
        simulator.render(cameras)
    barrier.wait(READY)
    rendering, began = 0.0, time.perf_counter()
    for action in actions[WARM_UP:]:
        simulator.run(action[None])
        before = time.perf_counter()
        simulator.render(cameras)
        rendering += time.perf_counter() - before
    seconds = time.perf_counter() - began
    frames = key["steps"] * len(cameras) * len(scenes)
    return {"frames": frames, "cameras": cameras, "seconds": round(seconds, 3), "render_seconds": round(rendering, 3)}


def _scenes(task: TaskSpec, key: Mapping[str, Any]) -> list[SceneSpec]:
    catalog = LibraryCatalog()
    builder = TabletopBuilder(catalog, catalog.robot(key["robot"]))
    return [builder.build(task, stream(key["seed"], "scene_gen", task.name, row)) for row in range(key["worlds"])]


def _swing(scenes: Sequence[SceneSpec], steps: int) -> Actions:
    """Actions (steps, batch, dof): the hand sways from side to side and up and down above the table."""
    actions = np.repeat(np.array([scene.robot_start for scene in scenes], np.float32)[None], steps, axis=0)
    phase = np.arange(1, steps + 1) / scenes[0].physics.control_hz * np.pi
    actions[:, :, 0] += (SWING * np.sin(phase))[:, None].astype(np.float32)
    actions[:, :, 3] -= (SWING * (1 - np.cos(phase)) / 2)[:, None].astype(np.float32)
    return actions


def _print(cells: Sequence[Cell]) -> None:
    rows = [(c["processes"], c["worlds"], c["frames_per_s"], c["render_only_per_s"]) for c in cells]
    table(("processes", "worlds each", "frames/s while stepping", "frames/s rendering alone"), rows)
    print(f"target: {TARGET:.0f} frames/s while stepping, on 2 cores")


if __name__ == "__main__":
    main()
