"""How many of the procedural author's proposals get through both gates, and how varied they are.

    python -m benchmarks.proposals [--count 200] [--scenes 4] [--backend mujoco] [--seed 0]

The first ``--count`` proposals of all families: how many there are, can be read, pass the static gate, pass the dynamic
gate (built, settled, and the goal's three tests, in ``--scenes`` scenes), and are new. A rejected proposal is not
replaced, so that the shares are those of all proposals. Self-BLEU-4 is taken over samples of 46 instructions.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import islice
from statistics import mean, median
from typing import Any

from assets.catalog import LibraryCatalog
from benchmarks._cells import Cell, Cells, parser, percent, processes, save, table
from flows.trials import GateOptions, try_task
from pipeline.core.task import TaskSpec
from task_gen.author import ProceduralAuthor
from task_gen.gate import static_gate
from task_gen.length import stages
from task_gen.novelty import same_structure, same_words, self_bleu

NAME = "proposals"
TARGETS = {"families": 8, "share": 0.92, "self_bleu_4": 0.33}
SAMPLE, SAMPLES = 46, 20  # instructions, and how many samples of them
TASKS_A_PROCESS = 25


def main() -> None:
    """Measure, print and save."""
    options, catalog = _options(), LibraryCatalog()
    author = ProceduralAuthor(catalog, catalog.robot(options.robot), options.seed, None, "varied")
    tasks = list(islice(author.proposals(), options.count))
    cells, gate = Cells(NAME), _gate(options)
    with processes(backend=options.backend, cells=TASKS_A_PROCESS) as pool:
        measured = [
            cells.get({"task": task.name, **gate.model_dump()}, lambda t=task: pool.submit(_measure, t, gate).result())
            for task in tasks
        ]
    results = _results(tasks, measured, catalog)
    results["draws"] = {"repeats": author.repeats, "dead_ends": author.dead_ends}
    _print(results)
    save(NAME, options, targets=TARGETS, **results, rejected=[c for c in measured if c["ended"]])


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="mujoco")
    made.add_argument("--robot", default="panda")
    made.add_argument("--count", type=int, default=200, help="proposals (default 200)")
    made.add_argument("--scenes", type=int, default=4, help="scenes of the dynamic gate (default 4)")
    made.add_argument("--seed", type=int, default=0)
    return made.parse_args()


def _gate(options: argparse.Namespace) -> GateOptions:
    return GateOptions(backend=options.backend, scenes=options.scenes, robot=options.robot, seed=options.seed)


def _measure(task: TaskSpec, gate: GateOptions) -> Cell:
    """Where a proposal ended (empty when it passed), and why."""
    catalog = LibraryCatalog()
    static = static_gate(task, catalog, catalog.robot(gate.robot))
    cell: Cell = {"task": task.name, "family": task.family, "goal": task.goal}
    if not static.ok:
        return {**cell, "ended": "static", "reasons": [str(r) for r in static.reasons], "passed": 0, "seconds": 0.0}
    trial = try_task(task, gate)
    reasons = [] if trial.ok else [str(r) for r in trial.reasons]
    return {
        **cell,
        "ended": "" if trial.ok else "dynamic",
        "reasons": reasons,
        "passed": trial.passed,
        "seconds": trial.seconds,
    }


def _results(tasks: Sequence[TaskSpec], cells: Sequence[Cell], catalog: LibraryCatalog) -> dict[str, Any]:
    passed = [task for task, cell in zip(tasks, cells, strict=True) if not cell["ended"]]
    new = [t for i, t in enumerate(passed) if not same_structure(t, passed[:i]) and not same_words(t, passed[:i])]
    ended = Counter(cell["ended"] for cell in cells)
    static = len(tasks) - ended["static"]
    families: dict[str, Counter[str]] = defaultdict(Counter)
    for task, cell in zip(tasks, cells, strict=True):
        families[task.family] += Counter(proposed=1, passed=int(not cell["ended"]))
    return {
        "funnel": {
            "proposed": len(tasks),
            "parsed": len(tasks),
            "static": static,
            "dynamic": static - ended["dynamic"],
            "novel": len(new),
        },
        "share": round(len(passed) / len(tasks), 4),
        "families": {name: dict(counts) for name, counts in families.items()},
        "stages": dict(sorted(Counter(stages(t, catalog) for t in tasks).items())),
        "self_bleu_4": _bleu([t.instruction for t in tasks]),
        "seconds": {
            "median": round(median(c["seconds"] for c in cells), 2),
            "mean": round(mean(c["seconds"] for c in cells), 2),
            "most": max(c["seconds"] for c in cells),
        },
    }


def _bleu(instructions: Sequence[str]) -> dict[str, float]:
    """Over samples drawn with a fixed seed; a file's first 46 share no family's later repetitions and do not count."""
    draws = random.Random(0)
    found = [self_bleu(draws.sample(instructions, min(SAMPLE, len(instructions)))) for _ in range(SAMPLES)]
    return {"mean": round(mean(found), 3), "least": round(min(found), 3), "most": round(max(found), 3)}


def _print(results: dict[str, Any]) -> None:
    table(("stage", "left"), list(results["funnel"].items()))
    rows = [
        (n, c["proposed"], c["passed"], percent(c["passed"] / c["proposed"])) for n, c in results["families"].items()
    ]
    table(("family", "proposed", "passed", "share"), rows)
    bleu, seconds = results["self_bleu_4"], results["seconds"]
    print(f"\npassed both gates: {percent(results['share'])} of all proposals (target {percent(TARGETS['share'])})")
    print(f"stages: {', '.join(f'{n} tasks of {k}' for k, n in results['stages'].items())}")
    print(
        f"Self-BLEU-4 of {SAMPLE}: {bleu['mean']} ({bleu['least']} to {bleu['most']}; {TARGETS['self_bleu_4']} allowed)"
    )
    print(f"seconds a task: median {seconds['median']}, mean {seconds['mean']}, most {seconds['most']}")


if __name__ == "__main__":
    main()
