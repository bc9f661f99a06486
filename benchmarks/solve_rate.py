"""How often the solver solves: tasks of every family from the procedural author, in worlds it was not tuned on.

    python -m benchmarks.solve_rate [--families push stack] [--robots panda ur5e] [--randomise mild]
    python -m benchmarks.solve_rate --page          # only writes docs/solve_rate.md from the results that are there

A cell is one family on one robot. An attempt counts as solved when the goal holds for the last 0.5 s. Attempts are
counted over the worlds that passed the dynamic gate; those it dropped, and tasks it rejected, are listed beside them. A
cell goes on with further tasks, then with further worlds of its tasks, until it has had both ``--tasks-per-family``
tasks and ``--attempts`` attempts.

Cells of the result file that a run does not measure stay in it if they were measured the same way, so that one file
and one table may hold ten families on one robot and one family on others. Every cell names its sources.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any, get_args

from benchmarks._attempts import rates
from benchmarks._cells import HERE, Cell, Cells, announce, facts, parser, percent, processes, save, table
from benchmarks._problems import pose_problem, proposals, simulator_of
from benchmarks._solve_rate_page import write_page
from demo_solvers.families import SOLVED
from flows.config import RANDOMISATIONS
from flows.stages import find_solver
from pipeline.core.errors import InvalidInputError
from pipeline.core.refinement import Budget
from pipeline.core.task import Family, TaskSpec
from pipeline.rollout import attempt

NAME = "solve_rate"
TARGETS = {
    **dict.fromkeys(("pick_place", "stack"), 0.95),
    **dict.fromkeys(("push", "articulate", "door", "operate"), 0.9),
    **dict.fromkeys(("sequence", "arrange", "stow"), 0.8),
    "sort": 0.6,
}
"""Of a Panda: two and three stages 80%, the six stages of a sort 60%."""
OTHER_ROBOTS = {"pick_place": 0.8}
BATCHES = 3  # of one task, at most
HOW = ("backend", "solver", "randomise", "rounds", "worlds", "seed")  # what a batch depends on besides its task
RESULTS = HERE / "results" / f"{NAME}.json"
PAGE = HERE.parent / "docs" / f"{NAME}.md"


def main() -> None:
    """Measure, print, save, and write the page."""
    options = _options()
    if not options.page:
        _measure_all(options)
    if options.json is None:
        write_page(PAGE, json.loads(RESULTS.read_text()))


def _measure_all(options: argparse.Namespace) -> None:
    kept = Cells(NAME)
    measured: dict[tuple[str, Family], list[Cell]] = {}
    with processes(backend=options.backend) as pool:
        for robot in options.robots:
            for family in options.families:
                tasks = _tasks(robot, family, options)
                measured[robot, family] = list(_cell(robot, tasks, options, kept=kept, pool=pool))
    how = {**_asked(options), **{name: facts()[name] for name in ("commit", "source_state", "date")}}
    cells = {where: {**_sum(*where, batches), "how": how} for where, batches in measured.items()}
    batches = [batch for group in measured.values() for batch in group]
    _print(batches, cells)
    named = {f"{robot} {family}": cell for (robot, family), cell in cells.items()}
    before, batches_before = results_before(options, but=named.keys())
    save(NAME, options, cells={**before, **named}, tasks=[*batches_before, *batches])


def results_before(options: argparse.Namespace, *, but: Collection[str]) -> tuple[dict[str, Cell], list[Cell]]:
    """Cells and their batches that the result file has besides ``but`` and that were measured the same way."""
    path, asked = options.json or RESULTS, _asked(options)
    found = json.loads(path.read_text()) if path.exists() else {"cells": {}, "tasks": []}
    cells = {
        where: cell
        for where, cell in found["cells"].items()
        if where not in but and asked.items() <= cell.get("how", {}).items()
    }
    return cells, [batch for batch in found["tasks"] if f"{batch['robot']} {batch['family']}" in cells]


def _asked(options: argparse.Namespace) -> dict[str, Any]:
    """What a cell depends on besides its robot and family."""
    return {name: getattr(options, name) for name in (*HOW, "tasks_per_family", "attempts")}


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="genesis")
    made.add_argument("--robots", nargs="+", default=["panda"])
    made.add_argument("--solver", default="vipr")
    made.add_argument("--families", nargs="+", choices=get_args(Family), default=list(SOLVED))
    made.add_argument("--randomise", choices=tuple(RANDOMISATIONS), default="off", help="domain randomisation")
    made.add_argument("--rounds", type=int, default=0, help="rounds of refinement a batch may have (default 0)")
    made.add_argument("--worlds", type=int, default=16, help="worlds built for one batch of a task (default 16)")
    made.add_argument("--tasks-per-family", type=int, default=2, help="least number of tasks a cell (default 2)")
    made.add_argument("--attempts", type=int, default=32, help="least number of attempts a cell (default 32)")
    made.add_argument("--seed", type=int, default=7, help="of tasks and worlds (default 7: not what was tuned on)")
    made.add_argument("--page", action="store_true", help="only write the page from the results that are there")
    return made.parse_args()


def _tasks(robot: str, family: Family, options: argparse.Namespace) -> list[TaskSpec]:
    """The tasks of a cell; none where the library affords the robot none of the family."""
    try:
        return list(proposals(robot, per_family=options.tasks_per_family, seed=options.seed, families=(family,)))
    except InvalidInputError as error:
        announce({"robot": robot, "family": family}, str(error))
        return []


def _cell(
    robot: str, tasks: Sequence[TaskSpec], options: argparse.Namespace, *, kept: Cells, pool: ProcessPoolExecutor
) -> Iterator[Cell]:
    """Batches of one family on one robot, until there are enough tasks and attempts."""
    accepted, attempts = set[str](), 0
    for index in range(BATCHES):
        for task in [t for t in tasks if index == 0 or t.name in accepted]:
            if len(accepted) >= options.tasks_per_family and attempts >= options.attempts:
                return
            key = {"family": task.family, "task": task.name, "index": index, "robot": robot, **_what(options)}
            batch = kept.get(key, lambda t=task, k=key: pool.submit(_measure, t, k).result())
            yield batch
            accepted |= {task.name} if batch["attempts"] else set()
            attempts += len(batch["attempts"])


def _what(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in HOW}


def _measure(task: TaskSpec, key: dict[str, Any]) -> Cell:
    """One batch of one task, in a process of its own."""
    simulator = simulator_of(key["backend"])
    began = time.perf_counter()
    given = {name: key[name] for name in ("robot", "worlds", "seed", "index", "randomise")}
    posed = pose_problem(task, simulator, **given)
    gated = time.perf_counter()
    outcomes = []
    if posed.problem is not None:
        problem = replace(posed.problem, budget=Budget(rounds=key["rounds"]))
        outcomes = attempt(simulator, problem, find_solver(key["solver"])).outcomes
    return {
        "robot": key["robot"],
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


def _sum(robot: str, family: str, batches: Sequence[Cell]) -> Cell:
    tried = [c for c in batches if not c["rejected"]]
    attempts = [a for c in tried for a in c["attempts"]]
    return {
        "tasks": len({c["task"] for c in tried}),
        "rejected_tasks": [c["task"] for c in batches if c["rejected"]],
        "built": sum(c["built"] for c in tried),
        "dropped": sum(c["built"] for c in tried) - len(attempts),
        **rates(attempts),
        "target": (TARGETS if robot == "panda" else OTHER_ROBOTS).get(family),
    }


def _print(batches: Sequence[Cell], cells: dict[tuple[str, Family], Cell]) -> None:
    headers = ("built", "dropped", "solved", "95%", "failures")
    rows = [(b["robot"], *_row(b["task"], _sum(b["robot"], b["family"], [b]), rejected=b["rejected"])) for b in batches]
    table(("robot", "task", *headers), rows)
    table(
        ("robot", "family", *headers, "target"),
        [
            (robot, *_row(family, c, rejected=False), "-" if c["target"] is None else percent(c["target"]))
            for (robot, family), c in cells.items()
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
