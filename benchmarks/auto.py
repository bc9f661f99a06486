"""Whether `auto` keeps up with the best single solver: 20 freshly proposed tasks that planning is for.

    python -m benchmarks.auto [--worlds 16] [--steps 60000] [--solvers vipr vipr_rl auto] [--families push stow]

The procedural author proposes with a seed of its own, two tasks of each of ten families, whatever becomes of them; a
proposal that a gate rejects is replaced by the next of its family. All solvers attempt the same worlds of a task, with
the same small budget to learn. `auto` keeps up with a task if its rate is not below the best single solver's by more
than the width of that one's 95% interval. A solver that would do just what the planner did is not run again: its cell
is the planner's. The five tasks of contact are measured by `benchmarks.rl`; where its results are, they are judged by
the same rule (``--contact``). Cells that are finished are kept, so that it goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks._cells import HERE, Cell, Cells, announce, parser, percent, processes, save, table
from benchmarks._learning import attempted, to_learn
from benchmarks._problems import library, pose_problem, simulator_of
from demo_solvers.learning.deriving import learnable
from demo_solvers.solvers.auto import why_content
from pipeline.core.doors import Problem, Solution
from pipeline.core.intervals import wilson
from pipeline.core.learning import LearningBudget
from pipeline.core.task import Family, TaskSpec
from task_gen.author import ProceduralAuthor
from task_gen.gate import static_gate

NAME = "auto"
SEED = 20_271  # of tasks and worlds: not one that anything was tuned on
FAMILIES: tuple[Family, ...] = (
    "pick_place", "stack", "push", "articulate", "sequence", "arrange", "door", "operate", "stow", "sort",
)  # fmt: skip
EACH, SPARE = 2, 4  # tasks of a family, proposals a task wanted
PRACTICE = 32  # worlds of practice
SOLVERS = ("vipr", "vipr_rl", "vipr_eureka", "auto")
ASKED = ("backend", "worlds", "steps", "judged", "target")
JUDGED = "auto"  # the solver that is compared with all others


def main() -> None:
    """Measure, print and save."""
    options = _options()
    kept = Cells(NAME)
    with processes(backend=options.backend, cells=1) as pool:
        cells = [c for family in options.families for c in _family(family, options, kept=kept, pool=pool)]
    rows = [row for row in cells if not row["rejected"]]
    verdicts = {"planner tasks": compared(rows), "contact tasks": compared(_contact(options.contact))}
    _print(rows, verdicts)
    save(NAME, options, cells=cells, verdicts=verdicts)


def compared(rows: Sequence[Cell]) -> list[Cell]:
    """For each task that `auto` and others were measured on: the best of these, and whether `auto` keeps up.

    A row names its ``task``, ``solver``, ``rate`` and ``wilson_95``.
    """
    found = list[Cell]()
    for task in dict.fromkeys(row["task"] for row in rows):
        own = {row["solver"]: row for row in rows if row["task"] == task}
        others = [row for solver, row in own.items() if solver != JUDGED]
        if JUDGED not in own or not others:
            continue
        best = max(others, key=lambda row: row["rate"])
        low, high = best["wilson_95"]
        short = best["rate"] - own[JUDGED]["rate"]
        found.append(
            {
                "task": task,
                "auto": own[JUDGED]["rate"],
                "best": best["rate"],
                "by": best["solver"],
                "width": high - low,
                "keeps_up": short <= high - low,
            }
        )
    return found


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="mujoco")
    made.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    made.add_argument("--solvers", nargs="+", choices=SOLVERS, default=["vipr", "vipr_rl", "auto"])
    made.add_argument("--worlds", type=int, default=16, help="worlds of a task (default 16)")
    made.add_argument("--steps", type=int, default=60_000, help="actions a way of learning may practise")
    made.add_argument("--judged", type=int, default=16, help="held-out starts that a way is measured on")
    made.add_argument("--target", type=float, default=0.9, help="share that is good enough (default 0.9)")
    rl = HERE / "results" / "rl.json"
    made.add_argument("--contact", type=Path, default=rl, help="results of benchmarks.rl, judged by the same rule")
    return made.parse_args()


def _family(family: Family, options: argparse.Namespace, *, kept: Cells, pool: ProcessPoolExecutor) -> Iterator[Cell]:
    """Rows of one family: a task's cells are next to each other, the planner's first."""
    catalog = library()
    robot, accepted = catalog.robot("panda"), 0
    author = ProceduralAuthor(catalog, robot, SEED, [family], "varied")
    for task in islice(author.proposals(), SPARE * EACH):
        if accepted == EACH:
            return
        if not static_gate(task, catalog, robot).ok:
            continue
        first = _row(task, "vipr", options, kept=kept, pool=pool)
        accepted += not first["rejected"]
        yield first
        if not first["rejected"]:
            for solver in (s for s in options.solvers if s != "vipr"):
                if solver in first["same"]:
                    yield {**first, "solver": solver, "seconds": 0}
                else:
                    yield _row(task, solver, options, kept=kept, pool=pool)
    if accepted < EACH:
        announce({"family": family}, f"only {accepted} of {EACH} tasks passed the gates")


def _row(task: TaskSpec, solver: str, options: argparse.Namespace, *, kept: Cells, pool: ProcessPoolExecutor) -> Cell:
    key = {"task": task.name, "solver": solver, **{name: getattr(options, name) for name in ASKED}}
    cell = kept.get(key, lambda: pool.submit(_measure, task, key).result())
    return {"family": task.family, "task": task.name, "solver": solver, **cell}


def _measure(task: TaskSpec, key: dict[str, Any]) -> Cell:
    """One solver on one task, in a process of its own."""
    simulator = simulator_of(key["backend"])
    posed = pose_problem(task, simulator, robot="panda", worlds=key["worlds"], seed=SEED)
    if posed.problem is None:
        return {"rejected": True, "gate_reasons": list(map(str, posed.reasons))}
    budget = LearningBudget(steps=key["steps"], judged=key["judged"], worlds=PRACTICE)
    how = {"backend": key["backend"], "seed": SEED + 1, "target": key["target"], "budget": budget}
    with tempfile.TemporaryDirectory() as folder:
        problem = to_learn(task, posed.problem, Path(folder), **how)
        solution, cell = attempted(problem, key["solver"], backend=key["backend"])
    return {
        **cell,
        "rejected": False,
        "rate": cell["solved"] / cell["attempts"],
        "wilson_95": wilson(cell["solved"], cell["attempts"]),
        "same": _same(problem, solution) if key["solver"] == "vipr" else [],
        "ways": [way.model_dump(mode="json", exclude={"tried": {"__all__": {"curves"}}}) for way in solution.ways],
    }


def _same(problem: Problem, first: Solution) -> list[str]:
    """Solvers that begin as the planner does and would leave it at that."""
    nothing = first.program is not None and not any(map(learnable, first.program.stages))
    found = {"vipr_rl": nothing, JUDGED: why_content(problem, first) is not None}
    return [solver for solver, same in found.items() if same]


def _contact(path: Path) -> list[Cell]:
    """Rows of the tasks of contact, where these were measured."""
    return json.loads(path.read_text())["table"] if path.exists() else []


def _print(rows: Sequence[Cell], verdicts: dict[str, list[Cell]]) -> None:
    table(
        ("task", "solver", "solved", "95%", "practised", "s", "ways"),
        [
            (
                row["task"],
                row["solver"],
                f"{row['solved']}/{row['attempts']}",
                " - ".join(map(percent, row["wilson_95"])),
                f"{row['practised'] // 1000}k",
                row["seconds"],
                " ".join(dict.fromkeys(way["way"] for way in row["ways"])) or "planner",
            )
            for row in rows
        ],
    )
    for name, found in verdicts.items():
        table(
            (name, "auto", "best", "by", "width", "keeps up"),
            [
                (v["task"], percent(v["auto"]), percent(v["best"]), v["by"], percent(v["width"]), v["keeps_up"])
                for v in found
            ],
        )
        print(f"auto keeps up on {sum(v['keeps_up'] for v in found)} of {len(found)} {name}")


if __name__ == "__main__":
    main()
