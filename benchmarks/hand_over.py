"""How often two arms hand a thing over: every object of the library that is long enough, in worlds not tuned on.

    python -m benchmarks.hand_over [--assets hammer tv_remote] [--worlds 8] [--robot aloha]

The first arm picks the object up and passes it to the second, without a task planner. An object is long enough when
it has two grasps for these hands that are ``REACH`` apart. A row counts as handed over when for the last 0.5 s the
object is off the table, in the second hand and touched by no finger of the first, and no frame is misconduct (hard
touch, limits, jumps): rows that only failed by that are listed as ``hard_touch``, ``over_limits`` or ``teleport``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from assets.catalog import LibraryCatalog
from benchmarks._attempts import rates
from benchmarks._cells import Cell, Cells, announce, parser, percent, processes, save, table
from demo_solvers.solvers.vipr import carry_out
from flows.config import RANDOMISATIONS
from flows.posing import lay_out
from flows.stages import make_simulator
from pipeline.core.asset import AssetSpec
from pipeline.core.doors import Problem, Simulator, Solution, TrialWorlds, Unplaceable
from pipeline.core.episode import Diagnosis, Outcome
from pipeline.core.layout import LEFT_FINGER, RIGHT_FINGER, ROBOT
from pipeline.core.program import Program, Stage
from pipeline.core.robot import Gripper
from pipeline.core.streams import stream_seed
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.core.world import WorldState
from pipeline.rollout import attempt, hold_steps
from scene_gen.builder import TabletopBuilder
from scene_gen.variation import Variation

NAME = "hand_over"
REACH = 0.10  # m between the tool points of the two grasps that are farthest from one another
ROOM = 0.005  # m by which a hand has to open wider than what it grasps
LIFT = 0.06  # m
HORIZON = 40.0  # s


def main() -> None:
    """Measure, print and save."""
    options = _options()
    cells, measured = Cells(NAME), list[Cell]()
    what = {n: getattr(options, n) for n in ("backend", "robot", "randomise", "worlds", "seed")}
    with processes(backend=options.backend) as pool:
        for asset in options.assets or long_enough(options.robot):
            key = {"asset": asset, **what}
            measured.append(cells.get(key, lambda k=key: pool.submit(_measure, k).result()))
    rows = {**{c["asset"]: _sum([c]) for c in measured}, "ALL": _sum(measured)}
    table(("object", "worlds", "handed over", "95%", "failures"), [_row(name, cell) for name, cell in rows.items()])
    save(NAME, options, objects=rows, cells=measured)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="mujoco")
    made.add_argument("--robot", default="aloha", help="one with two arms")
    made.add_argument("--assets", nargs="*", default=[], help="only these (default: all that are long enough)")
    made.add_argument("--randomise", choices=tuple(RANDOMISATIONS), default="mild", help="domain randomisation")
    made.add_argument("--worlds", type=int, default=8, help="worlds built for each object (default 8)")
    made.add_argument("--seed", type=int, default=61, help="of the worlds (default 61: not what was tuned on)")
    return made.parse_args()


def long_enough(robot: str) -> Iterator[str]:
    """Names of the objects that two hands of ``robot`` can hold at once."""
    catalog = LibraryCatalog()
    gripper = catalog.robot(robot).gripper
    for name in catalog.assets:
        asset = catalog.asset(name)
        if not asset.fixed and _span(asset, gripper) >= REACH:
            yield name


def _span(asset: AssetSpec, gripper: Gripper) -> float:
    """Largest distance between the tool points of two grasps that the gripper is wide enough for [m]."""
    grasps = asset.links[""].grasps if "" in asset.links else ()
    points = np.array([g.pose[:3] for g in grasps if g.width < gripper.max_width - ROOM]).reshape(-1, 3)
    return float(np.linalg.norm(points[:, None] - points[None], axis=-1).max(initial=0.0))


def task_of(asset: str) -> TaskSpec:
    """An object alone on the table. The goal is only that it is lifted; who holds it is seen in the trace."""
    return TaskSpec(
        name=f"hand_over_{asset}",
        family="pick_place",
        instruction=f"Pass the {asset.replace('_', ' ')} from one hand to the other.",
        objects=(TaskObject(name=asset, asset=asset),),
        goal=f"(not (touching {asset} table))",
        horizon=HORIZON,
    )


def program_of(asset: str) -> Program:
    """The two stages that it takes."""
    pick = Stage(skill="pick", body=asset, parameters={"lift": LIFT})
    return Program(stages=(pick, Stage(skill="hand_over", body=asset)), author="benchmark")


@cache
def engine(backend: str) -> tuple[LibraryCatalog, Simulator]:
    """This process's library, with the variants that were made of it, and the simulator over it."""
    catalog = LibraryCatalog()
    return catalog, make_simulator(backend, catalog)


def worlds_of(task: TaskSpec, key: dict[str, Any]) -> Problem | None:
    """One batch of settled worlds of the task; None where it finds no layout."""
    catalog, simulator = engine(key["backend"])
    seed = stream_seed(key["seed"], NAME, task.name)
    preset = key["randomise"]
    variation = None if preset == "off" else Variation(RANDOMISATIONS.get(preset), seed, catalog)
    builder = TabletopBuilder(catalog, catalog.robot(key["robot"]), cameras=(), variation=variation)
    try:
        laid = lay_out(task, builder, simulator, worlds=key["worlds"], seed=seed, index=0)
    except Unplaceable as error:
        announce(key, str(error))
        return None
    scenes = tuple(scene for scene, settled in zip(laid.scenes, laid.mask, strict=True) if settled)
    return Problem(task, scenes, seed) if scenes else None


def _measure(key: dict[str, Any]) -> Cell:
    task = task_of(key["asset"])
    problem = worlds_of(task, key)
    if problem is None:
        return {**key, "attempts": [], "seconds": 0.0}
    program, began, ended = program_of(key["asset"]), time.perf_counter(), list[Diagnosis]()

    def solver(problem: Problem, worlds: TrialWorlds) -> Solution:
        outcomes = carry_out(program, problem, worlds)
        ended.extend(outcome.diagnosis for outcome in outcomes)
        return Solution(outcomes, program)

    outcomes = attempt(engine(key["backend"])[1], problem, solver).outcomes
    attempts = [
        _judged(key["asset"], outcome, own, hold_steps(problem)) for outcome, own in zip(outcomes, ended, strict=True)
    ]
    return {**key, "attempts": attempts, "seconds": round(time.perf_counter() - began, 1)}


def _judged(body: str, outcome: Outcome, own: Diagnosis, need: int) -> Cell:
    """A row; ``own`` is what the skills say, which the judge of the goal does not repeat where the goal holds."""
    solved = outcome.success and outcome.trace is not None and in_second_hand(body, outcome.trace, need)
    said = own if outcome.success else outcome.diagnosis
    cause = {} if solved else said.model_dump(include={"cause", "stage", "expected", "seen"})
    if not solved and said.cause == "none":
        cause = {"cause": "hand_over_missed", "stage": "end", "expected": "held by the second hand alone"}
    return {"solved": bool(solved), "steps": len(outcome.actions), **cause}


def in_second_hand(body: str, trace: WorldState, need: int) -> bool:
    """Whether over the last ``need`` steps the robot touched the body, but never with a finger of the first arm."""
    last = trace.rows(slice(max(len(trace) - need, 0), len(trace)))
    first = last.touching(body, LEFT_FINGER) | last.touching(body, RIGHT_FINGER)
    return bool((last.touching(body, ROBOT) & ~first).all())


def _sum(cells: list[Cell]) -> Cell:
    attempts = [a for c in cells for a in c["attempts"]]
    return {
        **rates(attempts),
        "steps": float(np.mean([a["steps"] for a in attempts])) if attempts else 0.0,
        "seconds": round(sum(c["seconds"] for c in cells), 1),
    }


def _row(name: str, cell: Cell) -> tuple[str, ...]:
    low, high = cell["wilson_95"]
    rate = "-" if cell["rate"] is None else f"{cell['solved']}/{cell['attempts']} {percent(cell['rate'])}"
    why = ", ".join(f"{n} {cause}" for cause, n in cell["failures"].items()) or "-"
    return name, str(cell["attempts"]), rate, f"{low:.0%}..{high:.0%}", why


if __name__ == "__main__":
    main()
