"""Whether demonstrations may be copied: hard touches, broken limits and jumps of bodies, frame by frame.

    python -m benchmarks.conduct [--backend mujoco] [--families push stack] [--demos 1000]

Attempts that reached their goal are counted as the solver left them, and the episodes that validation lets through are
judged once more, from the arrays that would be written. Of what was found the worst frame of each kind is kept.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from benchmarks._cells import Cell, Cells, announce, parser, percent, processes, save, table
from benchmarks._problems import pose_problem, proposals, simulator_of
from demo_solvers.families import SOLVED
from flows.stages import find_solver
from pipeline.conduct import Finding, Violation, findings
from pipeline.core.doors import Problem
from pipeline.core.episode import Episode, Outcome, Provenance
from pipeline.core.errors import InvalidInputError
from pipeline.core.intervals import wilson
from pipeline.core.scene import SceneSpec
from pipeline.core.task import Family, TaskSpec
from pipeline.core.world import WorldState
from pipeline.rollout import attempt
from pipeline.validate import validate

NAME = "conduct"
BATCHES = 4  # of one task, at most


def main() -> None:
    """Measure, print and save."""
    options = _options()
    kept, share = Cells(NAME), -(-options.demos // len(options.families))
    measured: dict[Family, list[Cell]] = {}
    with processes(backend=options.backend) as pool:
        for family in options.families:
            measured[family] = list(_family(family, options, share=share, kept=kept, pool=pool))
    families = {family: _sum(batches) for family, batches in measured.items()}
    whole = _sum([batch for batches in measured.values() for batch in batches])
    _print({**families, "all": whole})
    save(NAME, options, families=families, all=whole, batches=[b for bs in measured.values() for b in bs])


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="mujoco")
    made.add_argument("--robot", default="panda")
    made.add_argument("--solver", default="vipr")
    made.add_argument("--families", nargs="+", choices=get_args(Family), default=list(SOLVED))
    made.add_argument("--demos", type=int, default=1000, help="least number of solved attempts, over all families")
    made.add_argument("--tasks", type=int, default=6, help="tasks of a family (default 6)")
    made.add_argument("--worlds", type=int, default=16, help="worlds built for one batch of a task (default 16)")
    made.add_argument("--seed", type=int, default=23, help="of tasks and worlds")
    return made.parse_args()


def _family(
    family: Family, options: argparse.Namespace, *, share: int, kept: Cells, pool: ProcessPoolExecutor
) -> Iterator[Cell]:
    """Batches of one family's tasks in turn, until ``share`` attempts are solved."""
    try:
        tasks = list(proposals(options.robot, per_family=options.tasks, seed=options.seed, families=(family,)))
    except InvalidInputError as error:
        announce({"family": family}, str(error))
        return
    solved, what = 0, {name: getattr(options, name) for name in ("backend", "robot", "solver", "worlds", "seed")}
    for index in range(BATCHES):
        for task in tasks[: options.tasks]:
            if solved >= share:
                return
            key = {"family": family, "task": task.name, "index": index, **what}
            batch = kept.get(key, lambda t=task, k=key: pool.submit(_measure, t, k).result())
            yield batch
            solved += len(batch["solved"])


def _measure(task: TaskSpec, key: dict[str, Any]) -> Cell:
    """One batch of one task, in a process of its own."""
    simulator = simulator_of(key["backend"])
    posed = pose_problem(task, simulator, **{name: key[name] for name in ("robot", "worlds", "seed", "index")})
    made: Cell = {
        "task": task.name,
        "family": task.family,
        "goal": task.goal,
        "attempts": 0,
        "solved": [],
        "written": [],
    }
    if posed.problem is None:
        return made
    problem = replace(posed.problem, scenes=tuple(_unseen(scene) for scene in posed.problem.scenes))
    outcomes = attempt(simulator, problem, find_solver(key["solver"])).outcomes
    # What reached its goal with misconduct is no success any more, but it is what this counts.
    reached = [row for row, o in enumerate(outcomes) if o.success or o.diagnosis.cause in get_args(Violation)]
    fit = [row for row in reached if outcomes[row].success]
    first = simulator.load(list(problem.scenes))
    validations = validate(
        simulator, problem, outcomes, rows=fit, solver_name=key["solver"], provenance=_provenance(key)
    )
    solved = [_attempt(problem, row, outcomes[row], first.rows(slice(row, row + 1))) for row in reached]
    written = [_episode(v.episode) for v in validations if v.episode is not None]
    return {**made, "attempts": len(outcomes), "solved": solved, "written": written}


def _unseen(scene: SceneSpec) -> SceneSpec:
    """The scene without the robot's own cameras, so that replays render nothing; physics is the same."""
    return scene.model_copy(update={"cameras": ()})


def _provenance(key: dict[str, Any]) -> Provenance:
    return Provenance(version="0", engine=key["backend"], solver=key["solver"], author="benchmark", seed=key["seed"])


def _attempt(problem: Problem, row: int, outcome: Outcome, first: WorldState) -> Cell:
    assert outcome.trace is not None
    states = WorldState.stack([first, outcome.trace])
    found = findings(problem.scenes[row], states, outcome.actions)
    return {"row": row, "steps": len(outcome.actions), "findings": [_said(f, outcome) for f in found]}


def _said(finding: Finding, outcome: Outcome) -> Cell:
    stage = outcome.stage_names[outcome.stages[max(finding.step - 1, 0)]]
    return {**finding.model_dump(), "stage": stage}


def _episode(episode: Episode) -> Cell:
    """What is amiss in an episode as it would be written."""
    states = WorldState.stack([episode.states, episode.final])
    assert len(states) == episode.length + 1
    assert _starts(episode.scene, states)
    return {"steps": episode.length, "findings": [str(f) for f in findings(episode.scene, states, episode.actions)]}


def _starts(scene: SceneSpec, states: WorldState) -> bool:
    """Whether the first state is the scene's reset."""
    return bool(np.abs(states.qpos[0] - np.array(scene.robot_start)).max() < 1e-3)


def _sum(batches: Sequence[Cell]) -> Cell:
    solved = [a for b in batches for a in b["solved"]]
    written = [e for b in batches for e in b["written"]]
    bad = [a for a in solved if a["findings"]]
    causes = Counter(cause for a in bad for cause in {f["cause"] for f in a["findings"]})
    whats = Counter(what for a in bad for what in {_kind(f) for f in a["findings"]})
    wrong = sum(bool(e["findings"]) for e in written)
    return {
        "tasks": len({b["task"] for b in batches if b["attempts"]}),
        "attempts": sum(b["attempts"] for b in batches),
        "solved": len(solved),
        "violating": len(bad),
        "causes": dict(causes.most_common()),
        "findings": dict(whats.most_common()),
        "written": len(written),
        "written_violating": wrong,
        "written_frames": sum(e["steps"] + 1 for e in written),
        "written_wilson_95": wilson(wrong, len(written)),
    }


def _kind(finding: Cell) -> str:
    return f"{finding['what']} ({finding['stage'].partition(':')[2].strip() or finding['stage'].split()[0]})"


def _print(rows: dict[str, Cell]) -> None:
    headers = ("family", "tasks", "attempts", "solved", "violating", "written", "violating", "causes before validation")
    table(
        headers,
        [
            (
                name, row["tasks"], row["attempts"], row["solved"],
                f"{row['violating']} {percent(row['violating'] / max(row['solved'], 1))}", row["written"],
                row["written_violating"], ", ".join(f"{n} {c}" for c, n in row["causes"].items()) or "-",
            )
            for name, row in rows.items()
        ],
    )  # fmt: skip
    print()
    for what, count in rows["all"]["findings"].items():
        print(f"{count:5d}  {what}")


if __name__ == "__main__":
    main()
