"""How often the image-based solver solves the 14 RLBench tasks, and what that rests on: ablations, and noisy cameras.

    python -m benchmarks.path3d [--tasks open_jar lamp_on] [--solvers path3d] [--attempts 32] [--jobs 2]
    python -m benchmarks.path3d --kinds ablations noise --attempts 8

The worlds are drawn as those of ``benchmarks.rlbench14``. Here the solver is granted RGB-D frames, calibration and
proprioception alone; success is judged by the predicate, which it never sees. Also measured: seconds until the first
motion, of rendering, perception and planning together, a world. Ablations and noise are measured on four of
the tasks, with ``path3d``. What is not measured this time keeps its results. The tables of ``docs/path3d.md`` are
written from them; ``--page`` writes these without measuring.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

from benchmarks._attempts import attempts_of, rates
from benchmarks._cells import HERE, Cell, Cells, facts, parser, percent, processes, save, table
from benchmarks._path3d_page import write_page
from benchmarks._path3d_variants import ABLATIONS, NOISE, solver_of
from benchmarks._problems import pose_problem, simulator_of
from benchmarks._published import METHODS, ROWS
from flows.task_set import Entry, task_set
from pipeline.core.doors import Solution
from pipeline.core.seeing import SeeingProblem, SeeingSolver, SeeingWorlds
from pipeline.rollout import attempt

NAME, SET = "path3d", "rlbench14"
SOLVERS = ("path3d", "path3d_labelled")
KINDS = {"tasks": ("",), "ablations": tuple(ABLATIONS), "noise": tuple(NOISE)}
FOUR = ("put_block", "take_umbrella", "sort_mustard", "put_knife")  # the first two are those of HiWE's ablations
RESULTS = HERE / "results" / f"{NAME}.json"
PAGE = HERE.parent / "docs" / f"{NAME}.md"

Results = dict[str, dict[str, dict[str, Cell]]]  # kind, then solver or variant, then task


def main() -> None:
    """Measure, print, save, and write the page."""
    options = _options()
    if not options.page:
        _measure_all(options)
    if options.json is None:
        write_page(PAGE, task_set(SET), json.loads(RESULTS.read_text()))


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="mujoco")
    made.add_argument("--robot", default="panda")
    made.add_argument("--kinds", nargs="+", default=["tasks"], choices=KINDS, help="what to measure (default: tasks)")
    made.add_argument("--solvers", nargs="+", default=list(SOLVERS), choices=SOLVERS, help="of the tasks")
    made.add_argument("--tasks", nargs="+", choices=[t.name for t in task_set(SET).tasks], help="default: all")
    made.add_argument("--worlds", type=int, default=8, help="worlds built for one batch of a task (default 8)")
    made.add_argument("--attempts", type=int, default=32, help="number of attempts a task (default 32)")
    made.add_argument("--seed", type=int, default=14, help="of the worlds (default 14: not what was tuned on)")
    made.add_argument("--jobs", type=int, default=1, help="processes that measure side by side (default 1)")
    made.add_argument("--page", action="store_true", help="only write the page from the results that are there")
    return made.parse_args()


def _measure_all(options: argparse.Namespace) -> None:
    cells, results = Cells(NAME), _before(options)
    how = {k: getattr(options, k) for k in ("backend", "robot", "seed")} | {k: facts()[k] for k in ("commit", "date")}
    with processes(options.jobs, backend=options.backend) as pool, ThreadPoolExecutor(options.jobs) as threads:
        wanted = list(_wanted(options))
        batches = threads.map(lambda w: list(_batches(*w, options, cells=cells, pool=pool)), wanted)
        for (kind, entry, solver, variant), found in zip(wanted, batches, strict=True):
            summed = {**_sum(found, options.attempts), **how}
            results[kind].setdefault(variant or solver, {})[entry.label] = summed
    _print(results)
    save(NAME, options, **results)


def _wanted(options: argparse.Namespace) -> Iterator[tuple[str, Entry, str, str]]:
    """Kind, task, solver and variant of everything to measure, in order."""
    entries = [e for e in task_set(SET).entries if options.tasks is None or e.task.name in options.tasks]
    for kind in options.kinds:
        chosen = entries if kind == "tasks" else [e for e in entries if e.task.name in FOUR]
        for variant in KINDS[kind]:
            for solver in options.solvers if kind == "tasks" else SOLVERS[:1]:
                yield from ((kind, entry, solver, variant) for entry in chosen)


def _before(options: argparse.Namespace) -> Results:
    """The results that are there, of which what is measured this time is replaced."""
    path = options.json or RESULTS
    read = json.loads(path.read_text()) if path.exists() else {}
    return {kind: read.get(kind, {}) for kind in KINDS}


def _batches(
    kind: str, entry: Entry, solver: str, variant: str, options: argparse.Namespace,
    *, cells: Cells, pool: ProcessPoolExecutor,
) -> Iterator[Cell]:  # fmt: skip
    """Batches of one task until there are enough attempts, or more batches than that should take."""
    attempts = 0
    for index in range(2 * -(-options.attempts // options.worlds)):
        if attempts >= options.attempts:
            return
        asked = {k: getattr(options, k) for k in ("backend", "robot", "worlds", "seed")}
        key = {"task": entry.task.name, "solver": solver, "variant": variant, "index": index, **asked}
        batch = cells.get(key, lambda k=key: pool.submit(_measure, k).result())
        attempts += len(batch["attempts"])
        yield batch


class _Clocked:
    """A seeing solver, with clocks at its first motion: seconds a world, of the wall and of the processor."""

    def __init__(self, solver: SeeingSolver) -> None:
        self.solver, self.sight = solver, solver.sight
        self.wall = self.processor = 0.0

    def __call__(self, problem: SeeingProblem, worlds: SeeingWorlds) -> Solution:
        """Attempt every world."""
        began, clock, run = time.perf_counter(), time.process_time(), worlds.run
        clocked = self

        class Watched:
            """The handle, with clocks at its first step."""

            batch = worlds.batch
            look, feel, recorded = worlds.look, worlds.feel, worlds.recorded

            @property
            def steps_left(self) -> int:
                return worlds.steps_left

            def run(self, actions: Any) -> Any:
                if not clocked.wall:
                    clocked.stop(began, clock, worlds.batch)
                return run(actions)

        solution = self.solver(problem, Watched())
        if not self.wall:
            self.stop(began, clock, worlds.batch)
        return solution

    def stop(self, began: float, clock: float, batch: int) -> None:
        """Note how long it took."""
        self.wall = (time.perf_counter() - began) / batch
        self.processor = (time.process_time() - clock) / batch


def _measure(key: dict[str, Any]) -> Cell:
    """One batch of one task, in a process of its own."""
    simulator, began = simulator_of(key["backend"]), time.perf_counter()
    task = next(t for t in task_set(SET).tasks if t.name == key["task"])
    posed = pose_problem(
        task, simulator, robot=key["robot"], worlds=key["worlds"], seed=key["seed"], index=key["index"]
    )
    clocked = _Clocked(solver_of(key["solver"], key["variant"]))
    outcomes = [] if posed.problem is None else attempt(simulator, posed.problem, clocked).outcomes
    return {
        "attempts": attempts_of(posed.rows, outcomes),
        "built": key["worlds"],
        "wall": round(clocked.wall, 2),
        "processor": round(clocked.processor, 2),
        "seconds": round(time.perf_counter() - began, 1),
    }


def _sum(batches: Sequence[Cell], most: int) -> Cell:
    """The first ``most`` attempts of a task, or all there are."""
    attempts = [a for b in batches for a in b["attempts"]][:most]
    looked = [b for b in batches if b["attempts"]]
    return {
        **rates(attempts),
        "first_try": sum(a["solved"] and not a["retries"] for a in attempts),
        **{k: round(sum(b[k] for b in looked) / max(len(looked), 1), 2) for k in ("wall", "processor")},
        "seconds": round(sum(b["seconds"] for b in batches), 1),
    }


def _print(results: Results) -> None:
    for kind, found in results.items():
        labels = list(dict.fromkeys(label for cells in found.values() for label in cells))
        rows = []
        for label in labels:
            cells = [found[name].get(label) for name in found]
            ours = ["-" if c is None else f"{c['solved']}/{c['attempts']}" for c in cells]
            published = ["-" if v is None else f"{v:.0f}" for v in ROWS[label]]
            rows.append((label, *ours, *(published if kind == "tasks" else ())))
        if rows:
            table((kind, *found, *(METHODS if kind == "tasks" else ())), rows)
        for name, cells in found.items():
            rates = [c["rate"] for c in cells.values() if c["rate"] is not None]
            failed = sum((Counter(c["failures"]) for c in cells.values()), Counter[str]()).most_common()
            causes = ", ".join(f"{n} {cause}" for cause, n in failed) or "no failures"
            print(f"{name}: mean {percent(sum(rates) / max(len(rates), 1))} over {len(rates)} tasks; {causes}")


if __name__ == "__main__":
    main()
