"""How often the image-based solver solves the 14 RLBench tasks, with geometric and with the simulator's segmentation.

    python -m benchmarks.path3d [--backend mujoco] [--tasks open_jar lamp_on] [--attempts 32]

The worlds are drawn as those of ``benchmarks.rlbench14``. Here the solver is granted RGB-D frames, calibration and
proprioception alone; success is judged by the predicate, which it never sees. Also measured: processor time until
the first motion, of rendering, perception and planning together, a world.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from benchmarks._cells import Cell, Cells, facts, parser, percent, processes, save, table
from benchmarks._problems import pose_problem, simulator_of
from benchmarks._published import METHODS, ROWS
from flows.stages import find_solver
from flows.task_set import Entry, task_set
from pipeline.core.doors import Solution
from pipeline.core.intervals import wilson
from pipeline.core.seeing import SeeingProblem, SeeingSolver, SeeingWorlds, sight_of
from pipeline.rollout import attempt

NAME, SET = "path3d", "rlbench14"
SOLVERS = ("path3d", "path3d_labelled")


def main() -> None:
    """Measure, print and save."""
    options = _options()
    cells = Cells(NAME)
    entries = [e for e in task_set(SET).entries if options.tasks is None or e.task.name in options.tasks]
    results: dict[str, dict[str, Cell]] = {}
    with processes(backend=options.backend) as pool:
        for entry in entries:
            for solver in options.solvers:
                found = _batches(entry, solver, options, cells=cells, pool=pool)
                results.setdefault(entry.label, {})[solver] = _sum(found, options.attempts)
    _print(results)
    save(NAME, options, tasks=results, commit=facts()["commit"])


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="mujoco")
    made.add_argument("--robot", default="panda")
    made.add_argument("--solvers", nargs="+", default=list(SOLVERS), choices=SOLVERS)
    made.add_argument("--tasks", nargs="+", choices=[t.name for t in task_set(SET).tasks], help="default: all")
    made.add_argument("--worlds", type=int, default=8, help="worlds built for one batch of a task (default 8)")
    made.add_argument("--attempts", type=int, default=32, help="number of attempts a task (default 32)")
    made.add_argument("--seed", type=int, default=14, help="of the worlds (default 14: not what was tuned on)")
    return made.parse_args()


def _batches(
    entry: Entry, solver: str, options: argparse.Namespace, *, cells: Cells, pool: ProcessPoolExecutor
) -> list[Cell]:
    """Batches of one task until there are enough attempts, or more batches than that should take."""
    found: list[Cell] = []
    for index in range(2 * -(-options.attempts // options.worlds)):
        if sum(len(b["attempts"]) for b in found) >= options.attempts:
            break
        asked = {k: getattr(options, k) for k in ("backend", "robot", "worlds", "seed")}
        key = {"task": entry.task.name, "solver": solver, "index": index, **asked}
        found.append(cells.get(key, lambda k=key: pool.submit(_measure, k).result()))
    return found


class _Clocked:
    """A seeing solver that notes when it first moves."""

    def __init__(self, solver: SeeingSolver) -> None:
        self.solver, self.sight = solver, solver.sight
        self.seconds = 0.0

    def __call__(self, problem: SeeingProblem, worlds: SeeingWorlds) -> Solution:
        """Attempt every world."""
        began, run = time.process_time(), worlds.run
        first: list[float] = []

        class Watched:
            """The handle, with a clock at its first step."""

            batch = worlds.batch
            look, feel, recorded = worlds.look, worlds.feel, worlds.recorded

            @property
            def steps_left(self) -> int:
                return worlds.steps_left

            def run(self, actions: Any) -> Any:
                first.append(time.process_time() - began)
                return run(actions)

        solution = self.solver(problem, Watched())
        self.seconds = (first or [time.process_time() - began])[0] / worlds.batch
        return solution


def _measure(key: dict[str, Any]) -> Cell:
    """One batch of one task, in a process of its own."""
    simulator, began = simulator_of(key["backend"]), time.perf_counter()
    task = next(t for t in task_set(SET).tasks if t.name == key["task"])
    posed = pose_problem(
        task, simulator, robot=key["robot"], worlds=key["worlds"], seed=key["seed"], index=key["index"]
    )
    solver = find_solver(key["solver"])
    assert sight_of(solver) is not None
    clocked = _Clocked(solver)  # type: ignore[arg-type]
    outcomes = [] if posed.problem is None else attempt(simulator, posed.problem, clocked).outcomes
    return {
        "attempts": [
            {
                "row": row,
                "solved": o.success,
                "retries": o.recoveries,
                **({} if o.success else o.diagnosis.model_dump()),
            }
            for row, o in zip(posed.rows, outcomes, strict=True)
        ],
        "built": key["worlds"],
        "thinking": round(clocked.seconds, 2),
        "seconds": round(time.perf_counter() - began, 1),
    }


def _sum(batches: Sequence[Cell], most: int) -> Cell:
    attempts = [a for b in batches for a in b["attempts"]][:most]
    solved = sum(a["solved"] for a in attempts)
    thinking = [b["thinking"] for b in batches if b["attempts"]]
    return {
        "attempts": len(attempts),
        "solved": solved,
        "rate": solved / len(attempts) if attempts else None,
        "wilson_95": wilson(solved, len(attempts)),
        "thinking": round(sum(thinking) / len(thinking), 2) if thinking else None,
        "failures": dict(Counter(a["cause"] for a in attempts if not a["solved"]).most_common()),
        "seconds": round(sum(b["seconds"] for b in batches), 1),
    }


def _print(results: dict[str, dict[str, Cell]]) -> None:
    solvers = list(dict.fromkeys(s for cells in results.values() for s in cells))
    rows = []
    for label, cells in results.items():
        ours = [f"{c['solved']}/{c['attempts']}" for c in cells.values()]
        published = ["-" if v is None else f"{v:.0f}" for v in ROWS[label]]
        thinking = " ".join(str(c["thinking"]) for c in cells.values())
        failures = "; ".join(", ".join(f"{n} {w}" for w, n in c["failures"].items()) or "-" for c in cells.values())
        rows.append((label, *ours, *published, thinking, failures))
    table(("task", *solvers, *METHODS, "s to think", "failures"), rows)
    for solver in solvers:
        rates = [c[solver]["rate"] for c in results.values() if c[solver]["rate"] is not None]
        print(f"{solver}: mean {percent(sum(rates) / max(len(rates), 1))} over {len(rates)} tasks")


if __name__ == "__main__":
    main()
