"""Whether refinement repairs programs: faults planted into programs that work, and what becomes of them.

    python -m benchmarks.refinement [--families push stack] [--faults wrong_side too_fast] [--rounds 5]

A case is a task whose planned program solves at least three quarters of its worlds, with one fault (seeded) that costs
at least half of these successes; both are seen by running. It counts as repaired when, within ``--rounds``
rounds of ``--variants`` patched programs, one program solves at least nine tenths of what the sound one solved in the
same worlds. The refiner sees the spoilt program, the goal and the states, never the sound program.

Columns: no refinement; the procedural refiner; the same without going back to a skill's default values, since planned
programs hold nothing but defaults and faults in parameters are departures from them; and, with ``--model``, a language
model (its key in the environment, its replies cached), whose free places the procedural refiner fills. The table in
``docs/refinement.md`` is written from the results; ``--page`` writes it without measuring.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from benchmarks._cells import HERE, Cell, Cells, announce, parser, percent, processes, save, table
from benchmarks._problems import pose_problem, proposals, simulator_of
from benchmarks._sections import markdown_table, replace_section
from demo_solvers.families import SOLVED
from demo_solvers.refinement.faults import FAULTS, FaultKind, faults, spoil
from demo_solvers.refinement.loop import Refiner, refine
from demo_solvers.refinement.model import ModelRefiner, RefinerSettings
from demo_solvers.refinement.patches import all_in_words
from demo_solvers.refinement.procedural import ProceduralRefiner
from demo_solvers.refinement.trial import tried
from demo_solvers.task_planning.plan import decompose
from flows.authors import reply_cache
from pipeline.asking.ask import Asker
from pipeline.asking.cache import CachedModel
from pipeline.core.doors import Problem, Simulator
from pipeline.core.intervals import wilson
from pipeline.core.program import Program
from pipeline.core.refinement import Budget
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from pipeline.llm.anthropic import anthropic
from pipeline.rollout import BatchWorlds

NAME = "refinement"
SOUND = 0.75  # of the worlds that a program has to solve to be spoilt
HARMED = 0.5  # of the sound program's successes that a spoilt one may keep
REPAIRED = 0.9  # of the sound program's successes that a repaired one has to reach
LOOKED_AT = 6  # faults of a kind that are tried on a program until one does harm
PAGE = HERE.parent / "docs" / "refinement.md"
COLUMNS = ("none", "procedural", "no_defaults", "model")


def main() -> None:
    """Measure, print and save."""
    options = _options()
    if not options.page:
        kept = Cells(NAME)
        with processes(backend=options.backend) as pool:
            cases = list(_cases(options, kept, pool))
        _print(cases)
        save(NAME, options, kinds=_summed(cases, "fault"), families=_summed(cases, "family"), cases=cases)
    if options.json is None:
        results = json.loads((HERE / "results" / f"{NAME}.json").read_text())
        replace_section(PAGE, "ablation", _section(results))


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="mujoco")
    made.add_argument("--robot", default="panda")
    made.add_argument("--families", nargs="+", choices=SOLVED, default=list(SOLVED))
    made.add_argument("--faults", nargs="+", choices=FAULTS, default=list(FAULTS))
    made.add_argument("--tasks-per-family", type=int, default=3, help="most tasks of a family (default 3)")
    made.add_argument("--worlds", type=int, default=8, help="worlds built for a task (default 8)")
    made.add_argument("--rounds", type=int, default=5, help="of refinement (default 5)")
    made.add_argument("--variants", type=int, default=4, help="programs side by side in a round (default 4)")
    made.add_argument("--model", help="language model for a column of its own (default none)")
    made.add_argument("--page", action="store_true", help="only write the table of the page from the results")
    made.add_argument("--seed", type=int, default=11, help="of tasks, worlds and faults (default 11)")
    return made.parse_args()


def _cases(options: argparse.Namespace, kept: Cells, pool: ProcessPoolExecutor) -> Iterator[Cell]:
    for family in options.families:
        tasks = list(
            proposals(options.robot, per_family=options.tasks_per_family, seed=options.seed, families=(family,))
        )
        for task in tasks[: options.tasks_per_family]:
            key = {"family": task.family, "task": task.name, **_what(options)}
            cell = kept.get(key, lambda t=task, k=key: pool.submit(_measure, t, k).result())
            announce(key, cell["why"] or f"{len(cell['cases'])} cases")
            yield from cell["cases"]


def _what(options: argparse.Namespace) -> dict[str, Any]:
    return {
        name: getattr(options, name)
        for name in ("backend", "robot", "faults", "worlds", "rounds", "variants", "model", "seed")
    }


def _measure(task: TaskSpec, key: dict[str, Any]) -> Cell:
    """Every kind of fault in one task, in a process of its own."""
    simulator = simulator_of(key["backend"])
    posed = pose_problem(task, simulator, robot=key["robot"], worlds=key["worlds"], seed=key["seed"])
    if posed.problem is None:
        return {"cases": [], "why": "rejected by the gate"}
    problem, worlds = posed.problem, BatchWorlds(simulator, posed.problem)
    program = decompose(task.goal, worlds.state())
    if program is None:
        return {"cases": [], "why": "no plan"}
    (sound,) = tried([program], problem, worlds)
    if sound.solved < SOUND * len(problem.scenes):
        return {"cases": [], "why": f"the sound program solves {sound.solved} of {len(problem.scenes)}"}
    cases = [_case(program, sound.solved, problem, simulator, kind, key) for kind in key["faults"]]
    return {"cases": [c for c in cases if c is not None], "why": ""}


def _case(
    program: Program, sound: int, problem: Problem, simulator: Simulator, kind: FaultKind, key: dict[str, Any]
) -> Cell | None:
    """One fault and what becomes of it; None where no fault of its kind does harm."""
    found = _planted(program, sound, problem, BatchWorlds(simulator, problem), kind, key["seed"])
    if found is None:
        return None
    spoilt, words, left = found
    wanted = math.ceil(REPAIRED * sound)
    budget = Budget(rounds=key["rounds"], variants=key["variants"], target=wanted / len(problem.scenes))
    given = replace(problem, budget=budget)
    columns: dict[str, Cell] = {"none": {"solved": left, "repaired": left >= wanted, "rounds": 0}}
    with _refiners(key["model"]) as refiners:
        for name, refiner in refiners.items():
            columns[name] = _repair(spoilt, given, simulator, refiner, wanted)
    said = {"family": problem.task.family, "task": problem.task.name, "fault": kind, "planted": words}
    return {**said, "worlds": len(problem.scenes), "sound": sound, "spoilt": left, "columns": columns}


@contextmanager
def _refiners(model: str | None) -> Iterator[dict[str, Refiner]]:
    found: dict[str, Refiner] = {"procedural": ProceduralRefiner(), "no_defaults": ProceduralRefiner(defaults=False)}
    if model is None:
        yield found
        return
    with Asker(CachedModel(anthropic(), reply_cache())) as asker:
        yield {**found, "model": ModelRefiner(asker, RefinerSettings(model=model), fallback=ProceduralRefiner())}


def _planted(
    program: Program, sound: int, problem: Problem, worlds: BatchWorlds, kind: FaultKind, seed: int
) -> tuple[Program, list[str], int] | None:
    """The first fault of a kind, in the seed's order, that is seen to do harm."""
    rng = stream(seed, "faults", problem.task.name, kind)
    options = faults(program, problem.layout, kind, rng)[:LOOKED_AT]
    if not options:
        return None
    spoilt = [spoil(program, fault, problem.layout) for fault in options]
    results = tried(spoilt, problem, worlds.trial(copies=len(spoilt)))
    for fault, result in zip(options, results, strict=True):
        if result.solved <= HARMED * sound:
            return result.program, list(all_in_words(fault, program)), result.solved
    return None


def _repair(program: Program, problem: Problem, simulator: Simulator, refiner: Refiner, wanted: int) -> Cell:
    began = time.perf_counter()
    solution = refine(problem, BatchWorlds(simulator, problem), [program], refiner)
    best = max(v.solved for r in solution.rounds for v in r.variants)
    history = [
        {
            "chosen": r.chosen,
            "diagnosis": r.diagnosis.split("\n")[0],
            "tried": [(v.patches, v.solved) for v in r.variants],
        }
        for r in solution.rounds
    ]
    rounds = len(solution.rounds) - 1
    seconds = round(time.perf_counter() - began, 1)
    return {"solved": best, "repaired": best >= wanted, "rounds": rounds, "seconds": seconds, "history": history}


def _summed(cases: Sequence[Cell], by: str) -> dict[str, Cell]:
    groups: dict[str, list[Cell]] = defaultdict(list)
    for case in cases:
        groups[case[by]].append(case)
        groups["all"].append(case)
    return {name: _sum(group) for name, group in groups.items()}


def _sum(cases: Sequence[Cell]) -> Cell:
    found: Cell = {"cases": len(cases)}
    for column in COLUMNS:
        results = [c["columns"][column] for c in cases if column in c["columns"]]
        if not results:
            continue
        repaired = sum(r["repaired"] for r in results)
        rounds = [r["rounds"] for r in results if r["repaired"]]
        found[column] = {
            "repaired": repaired,
            "wilson_95": wilson(repaired, len(cases)),
            "mean_rounds": round(sum(rounds) / len(rounds), 2) if rounds else None,
        }
    return found


def _print(cases: Sequence[Cell]) -> None:
    for by in ("fault", "family"):
        summed = _summed(cases, by)
        order = sorted(summed, key=lambda name: (name == "all", name))
        shown = [c for c in COLUMNS if c in summed["all"]] if cases else []
        rows = [(n, str(summed[n]["cases"]), *(_share(summed[n], c) for c in shown)) for n in order]
        table((by, "cases", *shown), rows)


def _section(results: Cell) -> Iterator[str]:
    """The ablation table of the page: kinds of faults, then families, then all."""
    facts, asked = results["facts"], results["options"]
    yield (
        f"`python -m benchmarks.refinement`, {asked['backend']}, {asked['robot']}, {asked['worlds']} worlds a task, "
        f"{asked['rounds']} rounds of {asked['variants']} programs, seed {asked['seed']}, sources at "
        f"{facts['source_state']}. How many of the planted faults were repaired, in brackets the 95 % Wilson "
        "interval and the mean rounds that it took."
    )
    yield ""
    groups = {**{k: v for k, v in results["kinds"].items() if k != "all"}, **results["families"]}
    names = sorted(groups, key=lambda name: (name == "all", name not in results["kinds"]))
    rows = [(name, groups[name]["cases"], *(_cell(groups[name], c) for c in COLUMNS)) for name in names]
    yield from markdown_table(("planted", "cases", *COLUMNS), rows)


def _cell(summed: Cell, column: str) -> str:
    found = summed.get(column)
    if found is None:
        return "not measured"
    low, high = found["wilson_95"]
    rounds = "" if column == "none" or found["mean_rounds"] is None else f", {found['mean_rounds']:.1f} rounds"
    return f"{found['repaired']} ({low:.0%} to {high:.0%}{rounds})"


def _share(summed: Cell, column: str) -> str:
    found, cases = summed[column], summed["cases"]
    rounds = "" if found["mean_rounds"] is None or column == "none" else f", {found['mean_rounds']} rounds"
    return f"{found['repaired']} ({percent(found['repaired'] / cases)}{rounds})"


if __name__ == "__main__":
    main()
