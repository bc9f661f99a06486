"""How often the five tasks of contact are solved by planning and by learning, and what that takes.

    python -m benchmarks.rl [--tasks push_precise drag_drawer] [--solvers vipr vipr_rl vipr_eureka auto] [--seeds 0 1 2]

Every solver attempts the same held-out resets of a task (128 by default), which no seed of learning sees; success is
judged as everywhere: the goal holds at the end, and nothing was touched too hard, no limit broken. A seed decides the
scenes of practice and all dice of learning. Told besides: actions practised in all worlds, candidates included, and
processor and wall clock time of everything. Cells that are finished are kept, so that it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks._cells import Cell, Cells, parser, percent, processes, save, table
from benchmarks._learning import attempted, to_learn
from benchmarks._problems import pose_problem, simulator_of
from flows.contact import steps_of
from flows.task_set import task_set
from pipeline.core.intervals import wilson
from pipeline.core.learning import LearningBudget

NAME, SET = "rl", "contact"
SOLVERS = ("vipr", "vipr_rl", "vipr_eureka", "auto")
HELD_OUT = 909  # seed of the resets that are attempted


def main() -> None:
    """Measure, print and save."""
    options = _options()
    cells, found = Cells(NAME), list[tuple[dict[str, Any], Cell]]()
    with processes(options.jobs, backend=options.backend, cells=1) as pool:
        waiting = [(key, pool.submit(_cell, cells, key)) for key in _keys(options)]
        found = [(key, done.result()) for key, done in waiting]
    rows = _summed(found)
    _print(rows)
    save(NAME, options, cells=[{**key, **cell} for key, cell in found], table=rows)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    names = [t.name for t in task_set(SET).tasks]
    made.add_argument("--backend", default="mujoco")
    made.add_argument("--tasks", nargs="+", choices=names, default=names)
    made.add_argument("--solvers", nargs="+", choices=SOLVERS, default=list(SOLVERS))
    made.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    made.add_argument("--resets", type=int, default=128, help="held-out resets of every cell (default 128)")
    made.add_argument("--steps", type=int, help="actions a way of learning may practise (default: the task's preset's)")
    made.add_argument("--target", type=float, default=0.8, help="share that is good enough for a way (default 0.8)")
    made.add_argument("--jobs", type=int, default=1, help="cells side by side; more than one spoils the clocks")
    return made.parse_args()


def _keys(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """One cell a task, solver and seed; the planner has no seed of learning."""
    for task in options.tasks:
        asked = {k: getattr(options, k) for k in ("backend", "resets", "target")}
        asked["steps"] = steps_of(task) if options.steps is None else options.steps
        for solver in options.solvers:
            for seed in options.seeds[:1] if solver == "vipr" else options.seeds:
                yield {"task": task, "solver": solver, "seed": seed, **asked}


def _cell(cells: Cells, key: dict[str, Any]) -> Cell:
    return cells.get(key, lambda: _measure(key))


def _measure(key: dict[str, Any]) -> Cell:
    """One solver on one task with one seed."""
    simulator = simulator_of(key["backend"])
    task = next(t for t in task_set(SET).tasks if t.name == key["task"])
    posed = pose_problem(task, simulator, robot="panda", worlds=key["resets"], seed=HELD_OUT)
    assert posed.problem is not None, posed.reasons
    budget = LearningBudget(steps=key["steps"], seed=key["seed"])
    how = {"backend": key["backend"], "seed": key["seed"], "target": key["target"], "budget": budget}
    with tempfile.TemporaryDirectory() as folder:
        problem = to_learn(task, posed.problem, Path(folder), **how)
        return attempted(problem, key["solver"], backend=key["backend"])[1]


def _summed(found: Sequence[tuple[dict[str, Any], Cell]]) -> list[Cell]:
    """One row a task and solver, over all seeds."""
    rows = list[Cell]()
    for task, solver in dict.fromkeys((key["task"], key["solver"]) for key, _ in found):
        cells = [cell for key, cell in found if (key["task"], key["solver"]) == (task, solver)]
        solved, attempts = (sum(c[name] for c in cells) for name in ("solved", "attempts"))
        rows.append(
            {
                "task": task,
                "solver": solver,
                "rate": solved / attempts,
                "wilson_95": wilson(solved, attempts),
                "by_seed": [c["solved"] / c["attempts"] for c in cells],
                "practised": [c["practised"] for c in cells],
                "cpu_minutes": [round(c["cpu_seconds"] / 60, 1) for c in cells],
                "minutes": [round(c["seconds"] / 60, 1) for c in cells],
                "ways": [" ".join(way["way"] for way in c["ways"]) or "planner" for c in cells],
            }
        )
    return rows


def _print(rows: Sequence[Cell]) -> None:
    table(
        ("task", "solver", "solved", "by seed", "practised", "CPU min", "min", "ways"),
        [
            (
                row["task"],
                row["solver"],
                percent(row["rate"]),
                " ".join(percent(rate) for rate in row["by_seed"]),
                " ".join(f"{steps // 1000}k" for steps in row["practised"]),
                " ".join(map(str, row["cpu_minutes"])),
                " ".join(map(str, row["minutes"])),
                "; ".join(dict.fromkeys(row["ways"])),
            )
            for row in rows
        ],
    )


if __name__ == "__main__":
    main()
