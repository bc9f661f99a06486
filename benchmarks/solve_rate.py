"""How often the solver solves: tasks of every family from the procedural author, in worlds it was not tuned on.

    python -m benchmarks.solve_rate [--families push stack] [--worlds 16] [--tasks-per-family 2] [--seed 7]

An attempt counts as solved when the goal holds for the last 0.5 s. Attempts are counted over the worlds that passed the
dynamic gate; those it dropped, and tasks it rejected, are listed beside them. A family goes on with further tasks, then
with further worlds of its tasks, until it has had both ``--tasks-per-family`` tasks and ``--attempts`` attempts.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from benchmarks._cells import Cell, Cells, parser, percent, processes, save, table
from benchmarks._problems import pose_problem, proposals, simulator_of
from demo_solvers.families import SOLVED
from flows.intervals import wilson
from flows.stages import find_solver
from pipeline.core.task import TaskSpec
from pipeline.rollout import attempt

NAME = "solve_rate"
TARGETS = {"pick_place": 0.9, "stack": 0.9, "push": 0.8, "articulate": 0.8}
BATCHES = 3  # of one task, at most


def main() -> None:
    """Measure, print and save."""
    options = _options()
    cells = Cells(NAME)
    tasks = list(proposals(options.robot, per_family=options.tasks_per_family, seed=options.seed))
    with processes(backend=options.backend) as pool:
        measured = [
            cell
            for family in options.families
            for cell in _family([t for t in tasks if t.family == family], options, cells=cells, pool=pool)
        ]
    families = {f: _sum(f, [c for c in measured if c["family"] == f]) for f in options.families}
    _print(measured, families)
    save(NAME, options, families=families, tasks=measured)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="genesis")
    made.add_argument("--robot", default="panda")
    made.add_argument("--solver", default="vipr")
    made.add_argument("--families", nargs="+", choices=SOLVED, default=list(SOLVED))
    made.add_argument("--worlds", type=int, default=16, help="worlds built for one batch of a task (default 16)")
    made.add_argument("--tasks-per-family", type=int, default=2, help="least number of tasks (default 2)")
    made.add_argument("--attempts", type=int, default=32, help="least number of attempts a family (default 32)")
    made.add_argument("--seed", type=int, default=7, help="of tasks and worlds (default 7: not what was tuned on)")
    return made.parse_args()


def _family(
    tasks: Sequence[TaskSpec], options: argparse.Namespace, *, cells: Cells, pool: ProcessPoolExecutor
) -> Iterator[Cell]:
    """Cells of one family, until there are enough tasks and attempts."""
    accepted, attempts = set[str](), 0
    for index in range(BATCHES):
        for task in [t for t in tasks if index == 0 or t.name in accepted]:
            if len(accepted) >= options.tasks_per_family and attempts >= options.attempts:
                return
            key = {"family": task.family, "task": task.name, "index": index, **_what(options)}
            cell = cells.get(key, lambda t=task, k=key: pool.submit(_measure, t, k).result())
            yield cell
            accepted |= {task.name} if cell["attempts"] else set()
            attempts += len(cell["attempts"])


def _what(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in ("backend", "robot", "solver", "worlds", "seed")}


def _measure(task: TaskSpec, key: dict[str, Any]) -> Cell:
    """One batch of one task, in a process of its own."""
    simulator = simulator_of(key["backend"])
    began = time.perf_counter()
    posed = pose_problem(
        task, simulator, robot=key["robot"], worlds=key["worlds"], seed=key["seed"], index=key["index"]
    )
    gated = time.perf_counter()
    outcomes = [] if posed.problem is None else attempt(simulator, posed.problem, find_solver(key["solver"])).outcomes
    return {
        "family": task.family,
        "task": task.name,
        "index": key["index"],
        "goal": task.goal,
        "built": key["worlds"],
        "rejected": posed.problem is None,
        "gate_reasons": list(map(str, posed.reasons)),
        "attempts": [
            {"row": row, "solved": outcome.success, **({} if outcome.success else outcome.diagnosis.model_dump())}
            for row, outcome in zip(posed.rows, outcomes, strict=True)
        ],
        "steps": len(outcomes[0].actions) if outcomes else 0,
        "seconds": {"gate": round(gated - began, 1), "solve": round(time.perf_counter() - gated, 1)},
    }


def _sum(family: str, cells: Sequence[Cell]) -> Cell:
    tried = [c for c in cells if not c["rejected"]]
    attempts = [a for c in tried for a in c["attempts"]]
    solved = sum(a["solved"] for a in attempts)
    return {
        "tasks": len({c["task"] for c in tried}),
        "rejected_tasks": [c["task"] for c in cells if c["rejected"]],
        "built": sum(c["built"] for c in tried),
        "dropped": sum(c["built"] for c in tried) - len(attempts),
        "attempts": len(attempts),
        "solved": solved,
        "rate": solved / len(attempts) if attempts else None,
        "wilson_95": wilson(solved, len(attempts)),
        "target": TARGETS.get(family),
        "failures": dict(Counter(a["cause"] for a in attempts if not a["solved"]).most_common()),
    }


def _print(cells: Sequence[Cell], families: dict[str, Cell]) -> None:
    headers = ("task", "built", "dropped", "solved", "95%", "failures")
    table(headers, [_row(c["task"], _sum(c["family"], [c]), rejected=c["rejected"]) for c in cells])
    table(
        (headers[0].replace("task", "family"), *headers[1:], "target"),
        [
            (*_row(f, s, rejected=False), "-" if s["target"] is None else percent(s["target"]))
            for f, s in families.items()
        ],
    )


def _row(name: str, summed: Cell, *, rejected: bool) -> tuple[str, ...]:
    if rejected:
        return (name, "-", "-", "rejected", "-", "-")
    low, high = summed["wilson_95"]
    rate = "" if summed["rate"] is None else f" {percent(summed['rate'])}"
    failures = ", ".join(f"{n} {cause}" for cause, n in summed["failures"].items()) or "-"
    share = f"{summed['solved']}/{summed['attempts']}{rate}"
    return (name, str(summed["built"]), str(summed["dropped"]), share, f"{low:.0%}..{high:.0%}", failures)


if __name__ == "__main__":
    main()
