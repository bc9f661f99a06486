"""What learning a stage of touch rests on: who wrote the reward, the choice among several, contacts, demonstrations.

    python -m benchmarks.rl_parts [--parts rewards candidates contacts demonstrations] [--tasks insert_tight push_box]

Every cell is one training of the first stage that can be learned, from the same starts of practice, with at most
``--steps`` actions, judged without dice from the same held-out starts (128 by default). Told besides: the actions after
which 80% of the newest 64 episodes of practice, and of those of ten updates, had reached the goal, and those that the
training took in all.

rewards: the derived reward beside the one that a person wrote, on the five tasks. The others are measured on three
tasks that are learned within the budget: ``insert_tight``, ``drag_drawer``, and pushing a box into a zone, which is
none of the five.
candidates: every reward of the first round is trained on by itself, and a search says which it would have chosen.
contacts: practice begins before sampled contacts, or where the stage before ends, with twice the time and a hand that
may move in height; both also from states nearer to the goal, where those are known, which is where a derived reward
and a person's begin, too.
demonstrations: learning off policy from the predicate alone, with the planner's successes in half of every batch, or
without any.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks._cells import Cell, Cells, parser, percent, processes, save, table
from benchmarks._learning import to_learn
from benchmarks._problems import pose_problem, simulator_of
from demo_solvers.execution import Execution
from demo_solvers.learning import ppo, rlpd
from demo_solvers.learning.choosing import Chooser, learning_seed
from demo_solvers.learning.course import Course, sparse
from demo_solvers.learning.curriculum import SHARES, nearer
from demo_solvers.learning.curves import EPISODES
from demo_solvers.learning.dense import DenseReward
from demo_solvers.learning.deriving import learnable
from demo_solvers.learning.eureka import learn_dense
from demo_solvers.learning.lesson import Lesson
from demo_solvers.learning.policy import LocalPolicy, success
from demo_solvers.learning.scale import Sample
from demo_solvers.learning.training import Budget, PPOSettings, Record, RLPDSettings
from demo_solvers.learning.ways.dense import assignment
from demo_solvers.rewards.authors import ProceduralAuthor
from demo_solvers.rewards.experts import GOALS, expert
from demo_solvers.task_planning.plan import decompose
from flows.task_set import task_set
from pipeline.core.doors import Problem, Solution, TrialWorlds
from pipeline.core.learning import LearningBudget
from pipeline.core.scene import SceneSpec
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.rollout import attempt

NAME = "rl_parts"
PUSH = TaskSpec(
    name="push_box",
    family="push",
    instruction="Push the cookie box into the green zone.",
    objects=tuple(TaskObject(name=name, asset=name) for name in ("cookie_box", "zone_green")),
    goal="(within cookie_box zone_green)",
    horizon=30.0,
)
ABLATED = ("insert_tight", "drag_drawer", PUSH.name)
CANDIDATES = 4
ENOUGH, UPDATES = 0.8, 10  # share of the newest episodes, and of how many updates at least: failures last longest
VARIANTS = {
    "rewards": ("derived", "expert"),
    "candidates": ("search", "derived", *(f"candidate {i}" for i in range(2, CANDIDATES + 1))),
    "contacts": ("derived", "no contacts"),
    "demonstrations": ("with demonstrations", "without demonstrations"),
}
OFF_POLICY = VARIANTS["demonstrations"]
HELD_OUT = 909  # seed of the resets of the problem; scenes of practice and judging come from ``--seed``
WORLDS = 8  # of the problem, which is not attempted


def main() -> None:
    """Measure, print and save."""
    options = _options()
    cells = Cells(NAME)
    with processes(options.jobs, backend=options.backend, cells=1) as pool:
        waiting = [(key, pool.submit(_cell, cells, key)) for key in _keys(options)]
        rows = [{**key, **done.result()} for key, done in waiting]
    _print(rows)
    save(NAME, options, cells=rows, verdicts=_verdicts(rows))


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--backend", default="mujoco")
    made.add_argument("--parts", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    made.add_argument("--tasks", nargs="+", choices=[*GOALS, PUSH.name], default=[*GOALS, PUSH.name])
    made.add_argument("--seeds", nargs="+", type=int, default=[0])
    made.add_argument("--steps", type=int, default=100_000, help="actions of a training (default 100,000)")
    made.add_argument("--off-policy-steps", type=int, default=60_000, help="of one off policy (default 60,000)")
    made.add_argument("--judged", type=int, default=128, help="held-out starts (default 128)")
    made.add_argument("--jobs", type=int, default=1, help="cells side by side; more than one spoils the clocks")
    return made.parse_args()


def _keys(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Every cell once, also where several parts want it."""
    told = set[tuple[str, str, int]]()
    for part in options.parts:
        for task in options.tasks:
            if task not in (GOALS if part == "rewards" else ABLATED):
                continue
            for variant in VARIANTS[part]:
                for seed in options.seeds:
                    steps = options.off_policy_steps if variant in OFF_POLICY else options.steps
                    if (task, variant, seed) not in told:
                        told.add((task, variant, seed))
                        asked = {"backend": options.backend, "steps": steps, "judged": options.judged}
                        yield {"task": task, "variant": variant, "seed": seed, **asked}


def _cell(cells: Cells, key: dict[str, Any]) -> Cell:
    return cells.get(key, lambda: _measure(key))


def _measure(key: dict[str, Any]) -> Cell:
    """One training."""
    simulator = simulator_of(key["backend"])
    task = PUSH if key["task"] == PUSH.name else next(t for t in task_set("contact").tasks if t.name == key["task"])
    posed = pose_problem(task, simulator, robot="panda", worlds=WORLDS, seed=HELD_OUT)
    assert posed.problem is not None, posed.reasons
    budget = LearningBudget(steps=key["steps"], seed=key["seed"], judged=key["judged"], candidates=CANDIDATES, rounds=1)
    made = Cell()

    def study(problem: Problem, worlds: TrialWorlds) -> Solution:
        program = decompose(problem.task.goal, worlds.state())
        assert program is not None
        number = next(i for i, stage in enumerate(program.stages) if learnable(stage))
        seed = learning_seed(problem)
        chooser = Chooser(problem, program, ("dense",), ProceduralAuthor(seed), Path(folder), seed=seed)
        lesson = chooser.lesson(worlds, number)
        began = time.process_time()
        made.update(_studied(lesson, key["variant"]), stage=lesson.learned.name)
        made["cpu_seconds"] = round(time.process_time() - began, 1)
        return Solution(Execution(problem, worlds).outcomes())  # the problem's own worlds are not attempted

    with tempfile.TemporaryDirectory() as folder:
        how = {"backend": key["backend"], "seed": key["seed"], "target": 1.0, "budget": budget}
        attempt(simulator, to_learn(task, posed.problem, Path(folder), **how), study)
    return made


def _studied(lesson: Lesson, variant: str) -> Cell:
    """What came of one variant of a lesson."""
    if variant == "search":
        return _search(lesson)
    if variant in OFF_POLICY:
        return _off_policy(lesson, shown=variant == OFF_POLICY[0])
    if variant == "expert":
        return _by_reward(lesson, expert(lesson.problem.task.name), lesson.practised, lesson.judged)
    texts = [candidate.reward for candidate in lesson.author.write(assignment(lesson), CANDIDATES)]
    if variant == "no contacts":
        afar = _from_afar(lesson)
        closer = (scene for share in SHARES for scene in afar.open(nearer(afar.learned, afar.begins, share)))
        return _by_reward(afar, texts[0], [*afar.begins, *closer], afar.held_out)
    text = texts[0 if variant == "derived" else int(variant.split()[1]) - 1]
    return _by_reward(lesson, text, lesson.practised, lesson.judged)


def _from_afar(lesson: Lesson) -> Lesson:
    """The hand has to come to the contact by itself: it may move in height, and has twice the time."""
    learned = lesson.learned
    freedoms = tuple(f for f in ("x", "y", "z", "roll", "pitch", "yaw") if f == "z" or f in learned.freedoms)
    changed = {"freedoms": freedoms, "decisions": 2 * learned.decisions}
    return replace(lesson, learned=learned.model_copy(update=changed))


def _search(lesson: Lesson) -> Cell:
    """Which candidate the short trainings choose; the full run begins anew, all within one budget."""
    folder, budget = lesson.folder / "search", lesson.budget
    made = learn_dense(
        lesson.practice, lesson.learned, lesson.practised, lesson.judged, lesson.author, assignment(lesson),
        budget=budget, folder=folder, seed=lesson.seed,
    )  # fmt: skip
    record = made.record
    return {
        "reached": record.reached,
        "starts": record.starts,
        "steps": record.steps,
        "chosen": record.chosen + 1,
        "short": [round(one.success, 3) for one in record.tried],
    }


def _by_reward(lesson: Lesson, text: str, starts: Sequence[SceneSpec], judges: Sequence[SceneSpec]) -> Cell:
    """One training with one reward, from ``starts``."""
    practice, stage, settings = lesson.practice, lesson.learned, PPOSettings(worlds=lesson.practice.batch)

    def reward(scale: float) -> DenseReward:
        return DenseReward(text, stage, lesson.problem.layout, lesson.problem.scenes[0].robot, scale=scale)

    scale = Sample(practice, stage, starts, settings, seed=lesson.seed).scale(reward(1.0))
    course = Course(practice, stage, starts, reward(scale), seed=lesson.seed)
    budget = _lasting(lesson, settings.horizon)
    policy, record = ppo.train(course, lesson.folder, reward=text, settings=settings, budget=budget)
    return _judged(lesson, policy, record, judges)


def _off_policy(lesson: Lesson, *, shown: bool) -> Cell:
    """Off policy from the predicate alone."""
    prior = lesson.shown.transitions if shown else None
    course = Course(lesson.practice, lesson.learned, lesson.starts, sparse, seed=lesson.seed)
    policy, record = rlpd.train(course, lesson.folder, prior=prior, budget=_lasting(lesson, RLPDSettings().horizon))
    episodes = lesson.shown.episodes if shown else 0
    return {**_judged(lesson, policy, record, lesson.judged), "demonstrations": episodes}


def _lasting(lesson: Lesson, horizon: int) -> Budget:
    """As the ways of learning have it."""
    return Budget.lasting(lesson.budget.steps, decisions=lesson.learned.decisions, horizon=horizon)


def _judged(lesson: Lesson, policy: LocalPolicy, record: Record, judges: Sequence[SceneSpec]) -> Cell:
    reached = success(lesson.practice, lesson.learned, policy, judges)
    return {
        "reached": int(reached.sum()),
        "starts": len(reached),
        "steps": record.steps,
        "steps_to_80": _enough(record),
        "practice": round(record.recent(200, updates=UPDATES)[1], 3),
    }


def _enough(record: Record) -> int | None:
    """Actions until so many of the newest episodes reached; None where they never did."""
    for end in range(1, len(record.curve) + 1):
        ended, share = record.model_copy(update={"curve": record.curve[:end]}).recent(EPISODES, updates=UPDATES)
        if ended >= EPISODES and share >= ENOUGH:
            return record.curve[end - 1].steps
    return None


def _verdicts(rows: Sequence[Cell]) -> list[Cell]:
    """What the targets ask for, a task and seed each."""
    found = list[Cell]()
    for task, seed in dict.fromkeys((row["task"], row["seed"]) for row in rows):
        own = {row["variant"]: row for row in rows if (row["task"], row["seed"]) == (task, seed)}
        rate = {name: row["reached"] / max(row["starts"], 1) for name, row in own.items()}
        told: Cell = {"task": task, "seed": seed}
        if {"derived", "expert"} <= own.keys():
            told["derived_at_least_expert"] = rate["derived"] >= rate["expert"]
        if set(VARIANTS["candidates"]) <= own.keys():
            of = [rate[name] for name in VARIANTS["candidates"][1:]]
            told["chosen"], told["median"] = of[own["search"]["chosen"] - 1], statistics.median(of)
        for part in ("contacts", "demonstrations"):
            if set(VARIANTS[part]) <= own.keys():
                told[f"{part}_steps_to_80"] = [own[name]["steps_to_80"] for name in VARIANTS[part]]
        found.append(told)
    return found


def _print(rows: Sequence[Cell]) -> None:
    lines = [
        (
            *(row[name] for name in ("task", "variant", "seed")),
            f"{row['reached']}/{row['starts']}",
            percent(row["reached"] / max(row["starts"], 1)),
            f"{row['steps'] // 1000}k",
            "-" if row.get("steps_to_80") is None else f"{row['steps_to_80'] // 1000}k",
            "" if "chosen" not in row else f"chooses {row['chosen']} of {row['short']}",
            round(row["cpu_seconds"] / 60, 1),
        )
        for row in rows
    ]
    table(("task", "variant", "seed", "reached", "rate", "steps", "to 80%", "search", "CPU min"), lines)


if __name__ == "__main__":
    main()
