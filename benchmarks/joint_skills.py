"""How often open, close, turn and press do their work: every joint of the library, in worlds they were not tuned on.

    python -m benchmarks.joint_skills [--kinds open close turn press] [--assets fridge oven] [--worlds 8] [--batches 4]

Each kind of motion of each joint is a task of one stage, carried out without a task planner. A row counts when the
goal holds for the last 0.5 s; a press counts when the button went down to at least 80 % of its travel. What has no
handle that a hand gets to (a laptop's lid, a drawer at the table) is not opened, as in the families of tasks. "touch"
is the number of solved rows in which the arm or the palm (fingers excepted) ever touched anything.
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
from benchmarks._cells import Cell, Cells, parser, percent, processes, save, table
from demo_solvers.solvers.vipr import carry_out
from flows.posing import lay_out
from flows.stages import make_simulator
from pipeline.core.doors import Problem, Simulator, Solution, TrialWorlds, Unplaceable
from pipeline.core.episode import Outcome
from pipeline.core.program import Program, Stage
from pipeline.core.registry import Registry
from pipeline.core.streams import stream_seed
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.rollout import attempt
from scene_gen.builder import TabletopBuilder
from scene_gen.randomisation._spec import Randomisation
from scene_gen.variation import Variation

NAME = "joint_skills"
TARGETS = {"close": 0.95, "open": 0.90, "turn_on": 0.90, "turn_off": 0.90, "press": 0.90}
KINDS = tuple(TARGETS)
AXES = {"open": "pull", "close": "pull", "turn_on": "turn", "turn_off": "turn", "press": "press"}
STATES = {"open": ("is_closed", "is_open"), "close": ("is_open", "is_closed"),
          "turn_on": ("turned_off", "turned_on"), "turn_off": ("turned_on", "turned_off")}  # fmt: skip
HORIZON = 30.0  # s
DEEP = 0.8  # of a button's travel


def main() -> None:
    """Measure, print and save."""
    options = _options()
    cells = Cells(NAME)
    measured: list[Cell] = []
    with processes(backend=options.backend) as pool:
        for kind, asset, link in _joints(options):
            for index in range(options.batches):
                key = {"kind": kind, "asset": asset, "link": link, "index": index, **_what(options)}
                measured.append(cells.get(key, lambda k=key: pool.submit(_measure, k).result()))
    rows = {name: _sum(part) for name, part in _parts(measured)}
    table(("kind", "rate", "95%", "touch", "failures"), [_row(name, cell) for name, cell in rows.items()])
    save(NAME, options, kinds=rows, cells=measured)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="mujoco")
    made.add_argument("--robot", default="panda")
    made.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    made.add_argument("--assets", nargs="*", default=[], help="only these (default: all that have joints)")
    made.add_argument("--randomise", default="mild")
    made.add_argument("--worlds", type=int, default=8, help="worlds of a batch (default 8)")
    made.add_argument("--batches", type=int, default=4, help="batches of each joint, each varied anew (default 4)")
    made.add_argument("--seed", type=int, default=41, help="of the worlds (default 41: not what was tuned on)")
    return made.parse_args()


def _joints(options: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    catalog = LibraryCatalog()
    for kind in options.kinds:
        for name in options.assets or catalog.assets:
            asset = catalog.asset(name)
            for joint in asset.joints:
                link = asset.links[joint.link]
                if AXES[kind] in link.axes and (kind != "open" or link.grasps):
                    yield kind, name, joint.link


def _what(options: argparse.Namespace) -> dict[str, Any]:
    return {n: getattr(options, n) for n in ("backend", "robot", "randomise", "worlds", "seed")}


def task_of(kind: str, asset: str, link: str) -> TaskSpec:
    """The task of one motion of one joint."""
    body = f"{asset}/{link}"
    before, after = STATES.get(kind, (None, None))
    return TaskSpec(
        name=f"{kind}_{asset}_{link}",
        family="door",
        instruction=f"{kind.replace('_', ' ')} the {link.replace('_', ' ')}",
        objects=tuple(TaskObject(name=n, asset=n) for n in ("table", asset)),
        initial=() if before is None else (f"({before} {body})",),
        goal=f"(at_rest {body})" if after is None else f"({after} {body})",
        horizon=HORIZON,
    )


def program_of(kind: str, asset: str, link: str, **parameters: float | str) -> Program:
    """The one stage that it takes."""
    body = f"{asset}/{link}"
    post = f"({STATES[kind][1]} {body})" if kind in STATES else None
    stage = Stage(skill=kind.partition("_")[0], body=body, post=post, parameters=dict(parameters))
    return Program(stages=(stage,), author="benchmark")


def worlds_of(task: TaskSpec, key: dict[str, Any]) -> Problem | None:
    """One batch of settled worlds of the task; None where it finds no layout."""
    catalog, simulator = engine(key["backend"])
    seed = stream_seed(key["seed"], NAME, task.name, key["index"])
    preset = Registry[Randomisation]("scene_gen.randomisation", "randomisation").get(key["randomise"])
    variation = None if key["randomise"] == "off" else Variation(preset, seed, catalog)
    builder = TabletopBuilder(catalog, catalog.robot(key["robot"]), cameras=(), variation=variation)
    try:
        laid = lay_out(task, builder, simulator, worlds=key["worlds"], seed=seed, index=0)
    except Unplaceable:
        return None
    scenes = tuple(scene for scene, settled in zip(laid.scenes, laid.mask, strict=True) if settled)
    return Problem(task, scenes, seed) if scenes else None


@cache
def engine(backend: str) -> tuple[LibraryCatalog, Simulator]:
    """This process's library, with the variants that were made of it, and the simulator over it."""
    catalog = LibraryCatalog()
    return catalog, make_simulator(backend, catalog)


def _measure(key: dict[str, Any]) -> Cell:
    task = task_of(key["kind"], key["asset"], key["link"])
    problem = worlds_of(task, key)
    if problem is None:
        return {**key, "attempts": [], "seconds": 0.0}
    program, began = program_of(key["kind"], key["asset"], key["link"]), time.perf_counter()

    def solver(problem: Problem, worlds: TrialWorlds) -> Solution:
        return Solution(carry_out(program, problem, worlds), program)

    outcomes = attempt(engine(key["backend"])[1], problem, solver).outcomes
    return {
        **key,
        "attempts": [_judged(key, o) for o in outcomes],
        "seconds": round(time.perf_counter() - began, 1),
    }


def _judged(key: dict[str, Any], outcome: Outcome) -> Cell:
    solved, trace = outcome.success, outcome.trace
    joint = None if trace is None else trace.layout.joint_of_body(f"{key['asset']}/{key['link']}")
    if key["kind"] == "press":
        assert trace is not None
        spec = trace.layout.joint_specs[joint or ""]
        deep = (trace.joint_position(joint or "").max() - spec.lower) / (spec.upper - spec.lower)
        solved = solved and bool(deep >= DEEP)
    touched = [] if trace is None else [b for b in trace.layout.geometry if trace.touching("robot", b).any()]
    said = {} if solved else outcome.diagnosis.model_dump()
    if not solved and outcome.success:
        said = {"cause": "joint_short"}
    end = None if trace is None or joint is None else float(trace.joint_position(joint)[-1])
    return {"solved": bool(solved), "touched": touched, "end": end, "steps": len(outcome.actions), **said}


def _parts(cells: list[Cell]) -> Iterator[tuple[str, list[Cell]]]:
    for kind in dict.fromkeys(c["kind"] for c in cells):
        mine = [c for c in cells if c["kind"] == kind]
        for body in dict.fromkeys((c["asset"], c["link"]) for c in mine):
            yield f"{kind} {'/'.join(body)}", [c for c in mine if (c["asset"], c["link"]) == body]
        yield f"{kind} ALL", mine


def _sum(cells: list[Cell]) -> Cell:
    attempts = [a for c in cells for a in c["attempts"]]
    return {
        **rates(attempts),
        "touched": sum(bool(a["touched"]) for a in attempts if a["solved"]),
        "steps": float(np.mean([a["steps"] for a in attempts])) if attempts else 0.0,
        "seconds": round(sum(c["seconds"] for c in cells), 1),
        "target": TARGETS[cells[0]["kind"]],
    }


def _row(name: str, cell: Cell) -> tuple[str, ...]:
    low, high = cell["wilson_95"]
    rate = "-" if cell["rate"] is None else f"{cell['solved']}/{cell['attempts']} {percent(cell['rate'])}"
    why = ", ".join(f"{n} {cause}" for cause, n in cell["failures"].items()) or "-"
    return name, rate, f"{low:.0%}..{high:.0%}", str(cell["touched"]), why


if __name__ == "__main__":
    main()
