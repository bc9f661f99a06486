"""How often the solver solves the 14 RLBench tasks of the Manipulate-Anything table, beside the published rates.

    python -m benchmarks.rlbench14 [--backend mujoco] [--tasks open_jar lamp_on] [--rounds 2]

Every task is attempted in at least ``--attempts`` worlds that passed the dynamic gate; an attempt counts as solved when
the goal holds for the last 0.5 s. Ours is solved from state and in our own engine, the published methods from images in
RLBench: the rates stand side by side, they do not compete. ``--tasks`` measures some anew and keeps the
results of the others. ``docs/rlbench14.md`` is written from the results; ``--page`` writes it without measuring.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

from benchmarks._attempts import attempts_of, rates
from benchmarks._cells import HERE, Cell, Cells, facts, parser, percent, processes, save, table
from benchmarks._problems import pose_problem, simulator_of
from benchmarks._published import METHODS, ROWS
from benchmarks._rlbench14_page import write_page
from flows.stages import find_solver
from flows.task_set import Entry, task_set
from pipeline.core.program import Program
from pipeline.core.refinement import Budget
from pipeline.rollout import attempt

NAME = "rlbench14"
BATCHES = 5  # of one task, at most
RESULTS = HERE / "results" / f"{NAME}.json"
PAGE = HERE.parent / "docs" / f"{NAME}.md"


def main() -> None:
    """Measure, print, save, and write the page."""
    options = _options()
    if not options.page:
        _measure_all(options)
    if options.json is None:
        write_page(PAGE, task_set(NAME), json.loads(RESULTS.read_text()))


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="mujoco")
    made.add_argument("--robot", default="panda")
    made.add_argument("--solver", default="vipr")
    made.add_argument("--tasks", nargs="+", choices=[t.name for t in task_set(NAME).tasks], help="default: all")
    made.add_argument("--rounds", type=int, default=0, help="rounds of refinement a batch may have (default 0)")
    made.add_argument("--worlds", type=int, default=36, help="worlds built for one batch of a task (default 36)")
    made.add_argument("--attempts", type=int, default=32, help="least number of attempts a task (default 32)")
    made.add_argument("--seed", type=int, default=14, help="of the worlds (default 14: not what was tuned on)")
    made.add_argument("--page", action="store_true", help="only write the page from the results that are there")
    return made.parse_args()


def _measure_all(options: argparse.Namespace) -> None:
    cells, entries = Cells(NAME), task_set(NAME).entries
    wanted = [e for e in entries if options.tasks is None or e.task.name in options.tasks]
    with processes(backend=options.backend) as pool:
        batches = {e.label: list(_batches(e, options, cells=cells, pool=pool)) for e in wanted}
    how = {k: getattr(options, k) for k in ("backend", "robot", "solver", "rounds", "seed")}
    how |= {k: facts()[k] for k in ("commit", "date")}
    summed = {label: {**_sum(found, options.attempts), **how} for label, found in batches.items()}
    _print(summed)
    save(NAME, options, tasks={**_before(options), **summed})


def _before(options: argparse.Namespace) -> dict[str, Cell]:
    """The results of the tasks that are not measured this time."""
    path = options.json or RESULTS
    return json.loads(path.read_text())["tasks"] if options.tasks and path.exists() else {}


def _batches(entry: Entry, options: argparse.Namespace, *, cells: Cells, pool: ProcessPoolExecutor) -> Iterator[Cell]:
    """Batches of one task until there are enough attempts."""
    attempts = 0
    for index in range(BATCHES):
        if attempts >= options.attempts:
            return
        asked = {k: getattr(options, k) for k in ("backend", "robot", "solver", "rounds", "worlds", "seed")}
        key = {"task": entry.task.name, "index": index, **asked}
        batch = cells.get(key, lambda k=key: pool.submit(_measure, k).result())
        attempts += len(batch["attempts"])
        yield batch


def _measure(key: dict[str, Any]) -> Cell:
    """One batch of one task, in a process of its own."""
    found, simulator = task_set(NAME), simulator_of(key["backend"])
    task, began = next(t for t in found.tasks if t.name == key["task"]), time.perf_counter()
    posed = pose_problem(
        task, simulator, robot=key["robot"], worlds=key["worlds"], seed=key["seed"], index=key["index"]
    )
    outcomes, program = [], None
    if posed.problem is not None:
        problem = replace(posed.problem, offered=found.offered(task.name), budget=Budget(rounds=key["rounds"]))
        solution = attempt(simulator, problem, find_solver(key["solver"]))
        outcomes, program = solution.outcomes, solution.program
    return {
        "task": task.name,
        "index": key["index"],
        "built": key["worlds"],
        "gate_reasons": [str(r) for r in posed.reasons],
        "program": _told(program),
        "attempts": attempts_of(posed.rows, outcomes),
        "steps": len(outcomes[0].actions) if outcomes else 0,
        "seconds": round(time.perf_counter() - began, 1),
    }


def _told(program: Program | None) -> dict[str, str] | None:
    return None if program is None else {"stages": str(program), "author": program.author}


def _sum(batches: Sequence[Cell], most: int) -> Cell:
    """The first ``most`` attempts of a task, or all there are."""
    attempts = [a for b in batches for a in b["attempts"]][:most]
    return {
        "built": sum(b["built"] for b in batches),
        "dropped": sum(b["built"] - len(b["attempts"]) for b in batches),
        **rates(attempts),
        "programs": list({b["program"]["stages"]: b["program"] for b in batches if b["program"]}.values()),
    }


def _print(summed: dict[str, Cell]) -> None:
    rows = []
    for label, cell in summed.items():
        low, high = cell["wilson_95"]
        rate = "-" if cell["rate"] is None else percent(cell["rate"])
        published = ["-" if v is None else f"{v:.0f}" for v in ROWS[label]]
        failures = ", ".join(f"{n} {cause}" for cause, n in cell["failures"].items()) or "-"
        rows.append(
            (label, f"{cell['solved']}/{cell['attempts']}", rate, f"{low:.0%}..{high:.0%}", *published, failures)
        )
    table(("task", "ours", "rate", "95%", *METHODS, "failures"), rows)


if __name__ == "__main__":
    main()
