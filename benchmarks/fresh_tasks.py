"""How many freshly proposed tasks the solver solves: 100 tasks in a fixed mix that nothing here was tuned on.

    python -m benchmarks.fresh_tasks [--backend mujoco] [--worlds 8] [--rounds 2] [--share 0.2]

The procedural author proposes with a seed of its own. A proposal that a gate rejects is listed and replaced by the next
of its family, as in a run. A task is solved when at least one attempt reached the goal and its replay proved it; its
success is the share of its worlds of which that is true. At most 30 of the tasks are a single pick-and-place, at least
20 are about joints, at least 20 take three or more stages; ``--share`` measures a part of each family, for trials.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from importlib.metadata import version
from itertools import islice
from statistics import mean
from typing import Any

from benchmarks._cells import Cell, Cells, announce, parser, percent, processes, save, table
from benchmarks._problems import library, pose_problem, simulator_of
from flows.stages import find_solver, package_versions
from pipeline.core.doors import Problem, Simulator
from pipeline.core.episode import Diagnosis, Outcome, Provenance
from pipeline.core.errors import InvalidInputError
from pipeline.core.intervals import wilson
from pipeline.core.refinement import Budget
from pipeline.core.task import Family, TaskSpec
from pipeline.rollout import attempt
from pipeline.validate import validate
from task_gen.author import ProceduralAuthor
from task_gen.gate import static_gate
from task_gen.length import stages

NAME = "fresh_tasks"
SEED = 20_261
MIX: dict[Family, int] = {
    "pick_place": 9,
    "stack": 9,
    "push": 7,
    "articulate": 6,
    "sequence": 10,
    "arrange": 10,
    "door": 8,
    "operate": 12,
    "stow": 15,
    "sort": 14,
}
JOINTED: tuple[Family, ...] = ("articulate", "door", "operate", "sequence", "stow")
MOST_SINGLE, LEAST_JOINTED, LEAST_LONG = 0.30, 0.20, 0.20  # of all tasks
LONG = 3  # stages
TARGETS = {"solved": 0.90, "mean_success": 0.75}
SPARE = 3  # proposals a task wanted, beyond which a family is content with fewer


def main() -> None:
    """Measure, print and save."""
    options = _options()
    kept = Cells(NAME)
    with processes(backend=options.backend) as pool:
        cells = [cell for family in MIX for cell in _family(family, options, kept=kept, pool=pool)]
    tried = [cell for cell in cells if not cell["rejected"]]
    if options.share == 1.0:
        _check_mix(tried)
    results = {
        "all": _sum(tried),
        "families": {family: _sum([c for c in tried if c["family"] == family]) for family in MIX},
        "stages": {str(n): _sum([c for c in tried if c["stages"] == n]) for n in sorted({c["stages"] for c in tried})},
    }
    _print(cells, results)
    save(NAME, options, targets=TARGETS, mix=MIX, **results, tasks=cells)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="mujoco")
    made.add_argument("--robot", default="panda")
    made.add_argument("--solver", default="vipr")
    made.add_argument("--worlds", type=int, default=8, help="worlds built for a task (default 8)")
    made.add_argument("--rounds", type=int, default=0, help="rounds of refinement a task may have (default 0)")
    made.add_argument("--randomise", default="off", help="domain randomisation (default off)")
    made.add_argument("--share", type=float, default=1.0, help="part of each family's tasks that is measured")
    made.add_argument("--seed", type=int, default=SEED, help="of tasks and worlds: not what was tuned on")
    return made.parse_args()


def _family(family: Family, options: argparse.Namespace, *, kept: Cells, pool: ProcessPoolExecutor) -> Iterator[Cell]:
    """Cells of one family: its proposals in order until so many have passed the gates as the mix asks for."""
    wanted, accepted = math.ceil(options.share * MIX[family]), 0
    catalog = library()
    author = ProceduralAuthor(catalog, catalog.robot(options.robot), options.seed, [family], "varied")
    for task in islice(author.proposals(), SPARE * wanted):
        if accepted == wanted:
            return
        key = {"family": family, "task": task.name, **_what(options)}
        cell = kept.get(key, lambda t=task, k=key: _measured(t, k, pool))
        accepted += not cell["rejected"]
        yield cell
    if accepted < wanted:
        announce({"family": family}, f"only {accepted} of {wanted} tasks passed the gates")


def _what(options: argparse.Namespace) -> dict[str, Any]:
    return {n: getattr(options, n) for n in ("backend", "robot", "solver", "worlds", "rounds", "randomise", "seed")}


def _measured(task: TaskSpec, key: dict[str, Any], pool: ProcessPoolExecutor) -> Cell:
    catalog = library()
    gate = static_gate(task, catalog, catalog.robot(key["robot"]))
    about = {"family": task.family, "task": task.name, "goal": task.goal, "stages": stages(task, catalog)}
    if not gate.ok:
        return {**about, "rejected": True, "gate_reasons": [str(r) for r in gate.reasons], "attempts": []}
    return {**about, **pool.submit(_measure, task, key).result()}


def _measure(task: TaskSpec, key: dict[str, Any]) -> Cell:
    """One task in a process of its own: posed, solved, and what was solved replayed."""
    simulator = simulator_of(key["backend"])
    given = {name: key[name] for name in ("robot", "worlds", "seed", "randomise")}
    posed = pose_problem(task, simulator, **given)
    reasons = list(map(str, posed.reasons))
    if posed.problem is None:
        return {"rejected": True, "gate_reasons": reasons, "attempts": []}
    began = time.perf_counter()
    problem = replace(posed.problem, budget=Budget(rounds=key["rounds"]))
    solution = attempt(simulator, problem, find_solver(key["solver"]))
    proven = _proven(simulator, problem, solution.outcomes, key)
    return {
        "rejected": False,
        "gate_reasons": reasons,
        "program": str(solution.program),
        "rounds": len(solution.rounds),
        "attempts": [
            {"row": row, "solved": why.cause == "none", **({} if why.cause == "none" else why.model_dump())}
            for row, why in zip(posed.rows, proven, strict=True)
        ],
        "seconds": round(time.perf_counter() - began, 1),
    }


def _proven(
    simulator: Simulator, problem: Problem, outcomes: Sequence[Outcome], key: dict[str, Any]
) -> list[Diagnosis]:
    """What is wrong with each attempt, by itself or by its replay; cause ``none`` where it is a demonstration."""
    info = simulator.info
    provenance = Provenance(
        version=version("taskloom"),
        engine=f"{info.name} {info.version} on {info.device}",
        solver=key["solver"],
        author=problem.task.author,
        seed=key["seed"],
        versions=package_versions(),
    )
    rows = [row for row, outcome in enumerate(outcomes) if outcome.success]
    checked = validate(simulator, problem, outcomes, rows=rows, solver_name=key["solver"], provenance=provenance)
    replayed = {v.row: v.diagnosis for v in checked}
    return [replayed.get(row, outcome.diagnosis) for row, outcome in enumerate(outcomes)]


def _check_mix(cells: Sequence[Cell]) -> None:
    """Raise :class:`InvalidInputError` where the tasks are not the mix that is promised."""
    single = sum(c["stages"] == 1 and c["family"] in ("pick_place", "stack") for c in cells)
    jointed = sum(c["family"] in JOINTED for c in cells)
    long = sum(c["stages"] >= LONG for c in cells)
    total = len(cells)
    if single > MOST_SINGLE * total or jointed < LEAST_JOINTED * total or long < LEAST_LONG * total:
        raise InvalidInputError(
            f"Of {total} tasks {single} are a single pick-and-place, {jointed} are about joints and {long} take "
            f"{LONG} or more stages; allowed: at most {MOST_SINGLE:.0%}, at least {LEAST_JOINTED:.0%} and "
            f"{LEAST_LONG:.0%}. Change the mix."
        )


def _sum(cells: Sequence[Cell]) -> Cell:
    solved = [c for c in cells if any(a["solved"] for a in c["attempts"])]
    attempts = [a for c in cells for a in c["attempts"]]
    return {
        "tasks": len(cells),
        "solved": len(solved),
        "share": len(solved) / len(cells) if cells else None,
        "wilson_95": wilson(len(solved), len(cells)),
        "mean_success": mean(_success(c) for c in cells) if cells else None,
        "attempts": len(attempts),
        "unsolved": [c["task"] for c in cells if c not in solved],
        "failures": dict(Counter(a["cause"] for a in attempts if not a["solved"]).most_common()),
    }


def _success(cell: Cell) -> float:
    return mean(a["solved"] for a in cell["attempts"]) if cell["attempts"] else 0.0


def _print(cells: Sequence[Cell], results: dict[str, Any]) -> None:
    table(
        ("task", "stages", "solved", "failures"),
        [(c["task"], str(c["stages"]), *_row(c)) for c in cells],
    )
    groups = {**results["families"], **{f"{n} stages": s for n, s in results["stages"].items()}, "all": results["all"]}

    def shown(share: float | None) -> str:
        return "-" if share is None else percent(share)

    table(
        ("group", "tasks", "solved", "share", "mean success", "failures"),
        [
            (
                name,
                str(s["tasks"]),
                str(s["solved"]),
                shown(s["share"]),
                shown(s["mean_success"]),
                _causes(s["failures"]),
            )
            for name, s in groups.items()
        ],
    )
    print(
        f"\ntargets: {percent(TARGETS['solved'])} of the tasks solved, mean success {percent(TARGETS['mean_success'])}"
    )


def _row(cell: Cell) -> tuple[str, str]:
    if cell["rejected"]:
        return "rejected", "-"
    solved = sum(a["solved"] for a in cell["attempts"])
    causes = Counter(a["cause"] for a in cell["attempts"] if not a["solved"])
    return f"{solved}/{len(cell['attempts'])}", _causes(dict(causes.most_common()))


def _causes(counts: dict[str, int]) -> str:
    return ", ".join(f"{n} {cause}" for cause, n in counts.items()) or "-"


if __name__ == "__main__":
    main()
