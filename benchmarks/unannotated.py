"""How often the image-based solver picks and places five things from mesh files that nobody annotated.

    python -m benchmarks.unannotated [--backend mujoco] [--things odd_vase odd_ring] [--attempts 16]

The files are made by rule and imported with nothing said of them but their unit of length. The solver is granted RGB-D
frames, calibration, proprioception and the imported meshes to match what it sees to: no grasps, no parts, no poses.
``zone`` is a painted square that the thing has to be let go in, ``basket`` a container that it has to be put into.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assets.catalog import CARD
from benchmarks._attempts import attempts_of, rates
from benchmarks._cells import Cell, Cells, facts, parser, percent, processes, save, table
from benchmarks._odd_things import THINGS, imported
from benchmarks._problems import pose_problem, simulator_of
from flows.stages import find_solver
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.rollout import attempt

NAME, TARGET = "unannotated", 0.70
HORIZON = 25.0  # s
INTO = {"zone": ("zone_green", "within"), "basket": ("basket", "inside")}
NAMES = tuple(thing.name for thing in THINGS)


def main() -> None:
    """Measure, print and save."""
    options = _options()
    cells = Cells(NAME)
    library(cells.folder / "library")
    results: dict[str, dict[str, Cell]] = {}
    with processes(backend=options.backend) as pool:
        for thing in options.things:
            for into in options.into:
                found = list[Cell]()
                for index in range(2 * -(-options.attempts // options.worlds)):
                    if sum(len(b["attempts"]) for b in found) >= options.attempts:
                        break
                    asked = {k: getattr(options, k) for k in ("backend", "solver", "worlds", "seed")}
                    key = {"thing": thing, "into": into, "index": index, **asked}
                    found.append(cells.get(key, lambda k=key: pool.submit(measure, k).result()))
                results.setdefault(thing, {})[into] = _sum(found, options.attempts)
    _print(results)
    save(NAME, options, things=results, commit=facts()["commit"])


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="mujoco")
    made.add_argument("--solver", default="path3d", choices=("path3d", "path3d_labelled"))
    made.add_argument("--things", nargs="+", default=list(NAMES), choices=NAMES, help="default: all")
    made.add_argument("--into", nargs="+", default=list(INTO), choices=tuple(INTO), help="default: both")
    made.add_argument("--worlds", type=int, default=8, help="worlds built for one batch of a task (default 8)")
    made.add_argument("--attempts", type=int, default=16, help="number of attempts a task (default 16)")
    made.add_argument("--seed", type=int, default=14, help="of the worlds (default 14: not what was tuned on)")
    return made.parse_args()


def library(root: Path) -> None:
    """Import the things into ``root``, those that are not there yet, and have this process and its children use it."""
    for thing in THINGS:
        if not (root / "objects" / thing.name / CARD).is_file():
            imported(thing, root / "files", root)
    os.environ["TASKLOOM_ASSETS"] = str(root)


def task_of(thing: str, into: str) -> TaskSpec:
    """Pick a thing up and put it in a zone or a basket."""
    asset, relation = INTO[into]
    return TaskSpec(
        name=f"{thing}_{into}",
        family="pick_place",
        instruction=f"Put the {thing.replace('_', ' ')} in the {into}.",
        objects=(TaskObject(name=thing, asset=thing, role="manipuland"), TaskObject(name=into, asset=asset)),
        initial=(),
        goal=f"({relation} {thing} {into})",
        horizon=HORIZON,
        author="benchmark",
    )


def measure(key: dict[str, Any]) -> Cell:
    """One batch of one task."""
    simulator, began = simulator_of(key["backend"]), time.perf_counter()
    task = task_of(key["thing"], key["into"])
    posed = pose_problem(task, simulator, robot="panda", worlds=key["worlds"], seed=key["seed"], index=key["index"])
    solver = find_solver(key["solver"])
    outcomes = [] if posed.problem is None else attempt(simulator, posed.problem, solver).outcomes
    return {
        "attempts": attempts_of(posed.rows, outcomes),
        "rejected": [r.message for r in posed.reasons],
        "seconds": round(time.perf_counter() - began, 1),
    }


def _sum(batches: Sequence[Cell], most: int) -> Cell:
    attempts = [a for b in batches for a in b["attempts"]][:most]
    return {
        **rates(attempts),
        "seconds": round(sum(b["seconds"] for b in batches), 1),
    }


def _print(results: dict[str, dict[str, Cell]]) -> None:
    places = list(dict.fromkeys(p for cells in results.values() for p in cells))
    rows = []
    for thing, cells in results.items():
        failures = "; ".join(", ".join(f"{n} {w}" for w, n in c["failures"].items()) or "-" for c in cells.values())
        rows.append((thing, *(f"{c['solved']}/{c['attempts']}" for c in cells.values()), failures))
    table(("thing", *places, "failures"), rows)
    for place in places:
        rates = [c[place]["rate"] for c in results.values() if c[place]["rate"] is not None]
        print(f"{place}: mean {percent(sum(rates) / max(len(rates), 1))} over {len(rates)} things, target {TARGET:.0%}")


if __name__ == "__main__":
    main()
