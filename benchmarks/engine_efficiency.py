"""How much of the engine's speed solving keeps: env-steps/s of a solve over those of a bare loop of the engine.

    python -m benchmarks.engine_efficiency [--worlds 16] [--repetitions 3]

One env-step is one physics step of one world. Solving is :func:`pipeline.rollout.attempt` without its load: planning,
stepping, reading the state after each control step, and judging. The bare loop works on the very same built scene, from
the same reset: ``control_dofs_position`` and ``scene.step()``, and nothing is read. It is run twice: with the actions
that the solve recorded, so that it meets the same contacts, and idle, with the robot holding still. The three take
turns in one process; ratios are taken within a turn, and their median is reported.

Reaches into the private parts of :mod:`pipeline.sim.genesis`, on purpose: the engine's own loop has no door.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from benchmarks._cells import Cell, Cells, parser, percent, processes, save, table
from benchmarks._problems import pose_problem, proposals, simulator_of
from flows.stages import find_solver
from pipeline.core.doors import Channel, Problem, Simulator
from pipeline.core.scene import SceneSpec
from pipeline.core.task import TaskSpec
from pipeline.core.world import Actions, Frames, WorldState, WorldTrace
from pipeline.rollout import attempt

NAME = "engine_efficiency"
FAMILIES = ("pick_place", "stack", "articulate")
TARGET = 0.7


def main() -> None:
    """Measure, print and save."""
    options = _options()
    cells, measured = Cells(NAME), list[Cell]()
    tasks = list(proposals(options.robot, per_family=2, seed=options.seed))
    with processes(cells=1) as pool:
        for family in options.families:
            for task in [t for t in tasks if t.family == family]:
                key = {"task": task.name, **_what(options)}
                cell = cells.get(key, lambda t=task, k=key: pool.submit(_measure, t, k).result())
                if cell["turns"]:
                    measured.append(cell)
                    break
    _print(measured)
    save(NAME, options, target=TARGET, tasks=measured)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--robot", default="panda")
    made.add_argument("--solver", default="vipr")
    made.add_argument("--families", nargs="+", default=list(FAMILIES), help="the first task of each that passes")
    made.add_argument("--worlds", type=int, default=16)
    made.add_argument("--repetitions", type=int, default=3)
    made.add_argument("--seed", type=int, default=7)
    return made.parse_args()


def _what(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in ("robot", "solver", "worlds", "repetitions", "seed")}


def _measure(task: TaskSpec, key: Mapping[str, Any]) -> Cell:
    simulator = simulator_of("genesis")
    posed = pose_problem(task, simulator, robot=key["robot"], worlds=key["worlds"], seed=key["seed"])
    turns = list[Cell]()
    if posed.problem is not None:
        # Kernels compile when they are first met, so a whole turn goes by unmeasured.
        for turn in range(-1, key["repetitions"]):
            one = _turn(posed.problem, simulator, key["solver"])
            turns += [one] if turn >= 0 else []
    ratios = {name: _median(turns, name) for name in ("over_replay", "over_idle")} if turns else {}
    return {
        "task": task.name,
        "family": task.family,
        "gate_reasons": list(map(str, posed.reasons)),
        **ratios,
        "turns": turns,
    }


def _median(turns: Sequence[Cell], name: str) -> float:
    return statistics.median(turn[name] for turn in turns)


def _turn(problem: Problem, simulator: Simulator, solver: str) -> Cell:
    watch = _Stopwatch(simulator)
    with watch.measure("attempt"):
        outcomes = attempt(watch, problem, find_solver(solver)).outcomes
    actions = np.stack([outcome.actions for outcome in outcomes], axis=1)
    start = np.array([scene.robot_start for scene in problem.scenes], np.float32)
    replayed = _bare(simulator, problem, actions)
    idle = _bare(simulator, problem, np.repeat(start[None], len(actions), axis=0))
    solving = watch.seconds["attempt"] - watch.seconds["load"]
    steps = actions.shape[0] * actions.shape[1] * problem.scenes[0].physics.substeps
    return {
        "control_steps": len(actions),
        "worlds": len(outcomes),
        "solved": sum(o.success for o in outcomes),
        "solve": round(steps / solving),
        "simulator": round(steps / watch.seconds["run"]),
        "bare_replay": round(steps / replayed),
        "bare_idle": round(steps / idle),
        "over_replay": round(replayed / solving, 4),
        "over_idle": round(idle / solving, 4),
        "seconds": {
            "solving": round(solving, 3),
            "stepping": round(replayed, 3),
            "reading": round(watch.seconds["run"] - replayed, 3),
            "planning_and_judging": round(solving - watch.seconds["run"], 3),
        },
    }


def _bare(simulator: Any, problem: Problem, actions: Actions) -> float:
    """Seconds of the engine's own loop over actions (time, batch, dof) from the reset; targets are made beforehand."""
    import torch

    simulator.load(list(problem.scenes))
    world = simulator._world
    twins = np.repeat(actions[:, -1:], world.batch - actions.shape[1], axis=1)
    targets = torch.as_tensor(world._joint_targets(np.concatenate([actions, twins], axis=1)), device=world._device)
    dofs = torch.as_tensor(np.concatenate([world._columns.arm_dofs, world._columns.finger_dofs]), device=world._device)
    flat = targets.reshape(-1, *targets.shape[2:])
    control: Callable[..., Any] = world._solver.control_dofs_position
    step: Callable[..., Any] = world._scene.step
    began = time.perf_counter()
    for target in flat:
        control(target, dofs)
        step(update_visualizer=False, refresh_visualizer=False)
    # Reading once at the end makes sure that a device which works on its own has finished.
    world._solver.get_dofs_position().cpu()
    return time.perf_counter() - began


class _Stopwatch:
    """A simulator that counts the seconds spent behind its doors."""

    def __init__(self, simulator: Simulator) -> None:
        self.info, self._simulator = simulator.info, simulator
        self.seconds = {"load": 0.0, "run": 0.0, "attempt": 0.0}

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] += time.perf_counter() - began

    def load(self, scenes: Sequence[SceneSpec]) -> WorldState:
        with self.measure("load"):
            return self._simulator.load(scenes)

    def run(self, actions: Actions) -> WorldTrace:
        with self.measure("run"):
            return self._simulator.run(actions)

    def state(self) -> WorldState:
        return self._simulator.state()

    def reset(self, rows: Sequence[int] | None = None) -> WorldState:
        return self._simulator.reset(rows)

    def put(self, rows: Sequence[int], scenes: Sequence[SceneSpec]) -> WorldState:
        return self._simulator.put(rows, scenes)

    def render(
        self, cameras: Sequence[str], what: Sequence[Channel] = ("rgb",), rows: Sequence[int] | None = None
    ) -> Mapping[str, Frames]:
        return self._simulator.render(cameras, what, rows)

    def close(self) -> None:
        self._simulator.close()


def _print(cells: Sequence[Cell]) -> None:
    rates = ("solve", "simulator", "bare_replay", "bare_idle")
    table(
        ("task", "worlds", "solved", *(f"{r} env-steps/s" for r in rates), "over replay", "over idle"),
        [
            (
                c["task"],
                c["turns"][0]["worlds"],
                c["turns"][0]["solved"],
                *(f"{_median(c['turns'], rate):,.0f}" for rate in rates),
                percent(c["over_replay"]),
                percent(c["over_idle"]),
            )
            for c in cells
        ],
    )
    print(f"target: {percent(TARGET)}")


if __name__ == "__main__":
    main()
