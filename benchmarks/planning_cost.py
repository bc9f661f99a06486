"""What planning costs beside physics: one pick-and-place task solved in batches of growing size.

    python -m benchmarks.planning_cost [--backends mujoco genesis] [--worlds 1 4 16 64] [--repeats 3] [--seed 7]

Per batch size the wall time of an attempt is split into physics, which is every call of the simulator's ``run``,
and planning, which is everything else: choice of grasps, inverse kinematics, collision, motions, timing, judging.
Loading the worlds counts as neither. All sizes are the first worlds of one batch. The median of the repeats counts,
after one attempt that is not counted: ``first`` is its planning, in which kernels are compiled or read from the cache.
The targets: planning at most 15% of the time of the largest batch, and per world 5 times less than in the smallest.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks._cells import Cell, Cells, parser, percent, processes, save, table
from benchmarks._problems import pose_problem, proposals, simulator_of
from flows.stages import find_solver
from pipeline.core.doors import Problem, Simulator
from pipeline.core.task import TaskSpec
from pipeline.rollout import attempt

NAME = "planning_cost"
SHARE_TARGET, SCALING_TARGET = 0.15, 5.0
SPARE = 1.5  # so many times the worlds asked for are built: the gate drops some


def main() -> None:
    """Measure, print and save."""
    options = _options()
    cells = Cells(NAME)
    task = next(t for t in proposals(options.robot, per_family=1, seed=options.seed) if t.family == "pick_place")
    measured = []
    for backend in options.backends:
        key = {"backend": backend, "task": task.name, **_what(options)}
        with processes(backend=backend) as pool:
            measured.append(cells.get(key, lambda t=task, k=key, p=pool: p.submit(_measure, t, k).result()))
    for cell in measured:
        _print(cell)
    save(NAME, options, share_target=SHARE_TARGET, scaling_target=SCALING_TARGET, task=task.name, cells=measured)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backends", nargs="+", default=["mujoco", "genesis"])
    made.add_argument("--robot", default="panda")
    made.add_argument("--solver", default="vipr")
    made.add_argument("--worlds", type=int, nargs="+", default=[1, 4, 16, 64], help="batch sizes (default 1 4 16 64)")
    made.add_argument("--repeats", type=int, default=3, help="attempts of a size that are counted (default 3)")
    made.add_argument("--seed", type=int, default=7, help="of the task and its worlds (default 7)")
    return made.parse_args()


def _what(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in ("robot", "solver", "worlds", "repeats", "seed")}


@dataclass(eq=False)
class _Clocked:
    """A simulator that remembers how long it ran and loaded; everything else is passed on."""

    inner: Simulator
    seconds: dict[str, float] = field(default_factory=lambda: {"run": 0.0, "load": 0.0})

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def run(self, actions: Any) -> Any:
        return self._clock("run", lambda: self.inner.run(actions))

    def load(self, scenes: Any) -> Any:
        return self._clock("load", lambda: self.inner.load(scenes))

    def _clock(self, what: str, call: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        result = call()
        self.seconds[what] += time.perf_counter() - began
        return result


def _measure(task: TaskSpec, key: dict[str, Any]) -> Cell:
    simulator, most = simulator_of(key["backend"]), max(key["worlds"])
    posed = pose_problem(task, simulator, robot=key["robot"], worlds=round(SPARE * most), seed=key["seed"])
    if posed.problem is None or len(posed.rows) < most:
        raise SystemExit(f"{task.name!r} has {len(posed.rows)} worlds that pass the gate; {most} are needed.")
    sizes = [_size(posed.problem.of(range(worlds)), simulator, key) for worlds in sorted(key["worlds"])]
    return {"backend": key["backend"], "sizes": sizes}


def _size(problem: Problem, simulator: Simulator, key: dict[str, Any]) -> Cell:
    solver = find_solver(key["solver"])
    splits = list[dict[str, float]]()
    for _ in range(1 + key["repeats"]):
        clocked = _Clocked(simulator)
        began = time.perf_counter()
        outcomes = attempt(clocked, problem, solver).outcomes
        whole = time.perf_counter() - began - clocked.seconds["load"]
        splits.append({"physics": clocked.seconds["run"], "planning": whole - clocked.seconds["run"]})
    counted = splits[1:]
    planning, physics = (median(s[what] for s in counted) for what in ("planning", "physics"))
    return {
        "worlds": len(problem.scenes),
        "solved": sum(o.success for o in outcomes),
        "steps": max(len(o.actions) for o in outcomes),
        "physics_s": round(physics, 4),
        "planning_s": round(planning, 4),
        "first_planning_s": round(splits[0]["planning"], 4),
        "share": round(median(s["planning"] / (s["planning"] + s["physics"]) for s in counted), 4),
        "planning_ms_per_world": round(1000 * planning / len(problem.scenes), 3),
    }


def _print(cell: Cell) -> None:
    sizes: Sequence[Cell] = cell["sizes"]
    table(
        (cell["backend"], "solved", "steps", "physics s", "planning s", "first", "planning", "ms a world"),
        [
            (
                f"{s['worlds']} worlds", s["solved"], s["steps"], s["physics_s"], s["planning_s"],
                s["first_planning_s"], percent(s["share"]), s["planning_ms_per_world"],
            )
            for s in sizes
        ],
    )  # fmt: skip
    few, many = sizes[0], sizes[-1]
    fall = few["planning_ms_per_world"] / many["planning_ms_per_world"]
    print(
        f"{many['worlds']} worlds: planning is {percent(many['share'])} (target: at most {percent(SHARE_TARGET)}); "
        f"per world {fall:.1f} times less than for {few['worlds']} (target: at least {SCALING_TARGET:g})"
    )


if __name__ == "__main__":
    main()
