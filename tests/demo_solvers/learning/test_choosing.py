"""Each stage is done in the cheapest way that does; what was chosen is kept with its reason and never chosen again."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo_solvers.learning.choosing import WAYS
from demo_solvers.learning.shelf import Shelf
from demo_solvers.learning.solving import Staff, solve_with
from demo_solvers.solvers.auto import auto
from demo_solvers.solvers.vipr_eureka import vipr_eureka
from demo_solvers.solvers.vipr_rl import vipr_rl
from demo_solvers.task_planning.plan import decompose
from pipeline.core.doors import Problem, Solution, Solver, TrialWorlds
from pipeline.core.errors import InvalidInputError
from pipeline.core.learning import LearningBudget, Way
from pipeline.core.refinement import Budget
from pipeline.core.scene import SceneSpec
from pipeline.rollout import attempt
from pipeline.sim.kinematic import kinematic

LITTLE = LearningBudget(steps=300, candidates=2, rounds=1, worlds=4, judged=4)
MORE = 5600  # steps that judging candidates and scaling their rewards leaves something of


class Bank:
    """The problem's own scenes, some to practise in and the others to be judged by; knows what it was asked for."""

    def __init__(self, scenes: Sequence[SceneSpec]) -> None:
        self.scenes = scenes
        self.asked = list[str]()

    def __call__(self, count: int, *, part: str = "practice") -> Sequence[SceneSpec]:
        self.asked.append(part)
        return (self.scenes[:8] if part == "practice" else self.scenes[8:])[:count]


@dataclasses.dataclass(frozen=True)
class Shed:
    """A workshop of one process."""

    root: Path

    @contextmanager
    def open(self) -> Iterator[Path]:
        self.root.mkdir(parents=True, exist_ok=True)
        yield self.root


@pytest.fixture
def shed(tmp_path: Path) -> Shed:
    return Shed(tmp_path / "workshop")


@pytest.fixture
def task(push: Problem, shed: Shed) -> Problem:
    return dataclasses.replace(push, scenes=push.scenes[:4], more=Bank(push.scenes), workshop=shed, learning=LITTLE)


def by(*allowed: Way, shelf: Shelf | None = None) -> Solver:
    def solve(problem: Problem, worlds: TrialWorlds) -> Solution:
        return solve_with(problem, worlds, decompose(problem.task.goal, worlds.state()), allowed, Staff(shelf=shelf))

    return solve


def test_every_way_is_a_file() -> None:
    assert set(WAYS) == {"planner", "skill", "residual", "policy", "dense"}


def test_where_the_planner_does_nothing_is_learned(task: Problem, simulator: kinematic) -> None:
    found = attempt(simulator, task, vipr_rl)
    (way,) = found.ways
    assert way.way == "planner"
    assert [t.way for t in way.tried] == ["planner"]
    assert "held-out" in way.reason
    assert sum(o.success for o in found.outcomes) >= 3


def test_nothing_to_practise_in_is_settled_where_the_planner_does(task: Problem, simulator: kinematic) -> None:
    attempt(simulator, task, vipr_rl)
    assert isinstance(task.more, Bank)
    assert task.more.asked == ["held_out"]


def test_a_reason_and_no_learning_where_auto_is_content(task: Problem, shed: Shed, simulator: kinematic) -> None:
    found = attempt(simulator, task, auto)
    (way,) = found.ways
    assert (way.way, way.tried) == ("planner", ())
    assert "not evidently short" in way.reason
    assert not shed.root.exists()


def test_what_cannot_reach_the_target_is_told_with_all_that_was_tried(task: Problem, simulator: kinematic) -> None:
    hard = dataclasses.replace(task, budget=Budget(target=1.0), more=None)
    found = attempt(simulator, hard, by("planner", "policy"))
    (way,) = found.ways
    best = max(way.tried, key=lambda t: t.reached / t.starts)
    assert way.way == best.way
    if best.reached < best.starts:
        assert "none reaches 100%" in way.reason
        assert [t.way for t in way.tried] == ["planner", "policy"]


@pytest.mark.parametrize("way", ["residual", "policy", "dense"])
def test_every_way_of_learning_ends_in_attempts_that_are_judged(way: Way, task: Problem, simulator: kinematic) -> None:
    steps = MORE if way == "dense" else LITTLE.steps
    given = dataclasses.replace(task, learning=LITTLE.model_copy(update={"steps": steps}))
    found = attempt(simulator, given, by(way))
    (told,) = found.ways
    assert told.way == way
    (tried,) = told.tried
    assert 0 < tried.steps <= 2 * steps
    assert tried.curves
    assert all(c.steps and len(c.steps) == len(c.success) for c in tried.curves)
    assert len(found.outcomes) == 4
    for outcome in found.outcomes:
        assert outcome.success or outcome.diagnosis.cause != "none"


def test_what_was_chosen_is_not_chosen_again(task: Problem, shed: Shed, simulator: kinematic) -> None:
    first = attempt(simulator, task, by("policy"))
    (kept,) = shed.root.glob("*/chosen.json")
    policy = kept.with_name("policy.npz")
    checkpoints = list(kept.parent.glob("*.pt"))
    before = [p.stat().st_mtime_ns for p in (kept, policy, *checkpoints)]
    assert checkpoints
    bank = Bank(())
    again = attempt(simulator, dataclasses.replace(task, scenes=task.scenes[:2], more=bank), by("policy"))
    assert again.ways == first.ways
    assert bank.asked == [], "later batches open nothing to practise in"
    assert [p.stat().st_mtime_ns for p in (kept, policy, *checkpoints)] == before
    kept.write_text("{")
    with pytest.raises(InvalidInputError, match=r"chosen\.json"):
        attempt(simulator, task, by("policy"))


def test_a_residual_without_a_motion_to_act_beside_says_so(task: Problem, simulator: kinematic) -> None:
    first = attempt(simulator, task, by("residual"))
    assert first.ways[0].way == "residual"
    away = dataclasses.replace(task, scenes=tuple(map(out_of_reach, task.scenes)))
    (way,) = attempt(simulator, away, by("residual")).ways
    assert way.way == "planner"
    assert way.reason.startswith(first.ways[0].reason)
    assert "no motion to act beside" in way.reason
    assert way.tried == first.ways[0].tried


def out_of_reach(scene: SceneSpec) -> SceneSpec:
    """The box three metres away."""
    far = tuple(
        p.model_copy(update={"pose": (3.0, *p.pose[1:])}) if p.name == "cookie_box" else p for p in scene.placements
    )
    return scene.model_copy(update={"placements": far})


@pytest.mark.parametrize("steps", [0, 100])
def test_without_a_budget_nothing_is_learned(steps: int, task: Problem, simulator: kinematic) -> None:
    poor = dataclasses.replace(task, learning=LITTLE.model_copy(update={"steps": steps}))
    found = attempt(simulator, poor, vipr_eureka)
    (way,) = found.ways
    assert way.tried == ()
    assert "none of dense can be tried" in way.reason


def test_a_skill_that_was_learned_is_offered_to_the_next_task(
    task: Problem, shed: Shed, simulator: kinematic, tmp_path: Path
) -> None:
    learned = attempt(simulator, task, by("policy"))
    shelf = Shelf(shed.root / "skills")
    if not learned.ways[0].tried[0].reached:
        assert shelf.skills() == ()
        return
    assert len(shelf.skills()) == 1
    later = dataclasses.replace(task, workshop=Shed(tmp_path / "later"))
    found = attempt(simulator, later, by("skill", shelf=shelf))
    (way,) = found.ways
    assert way.way == "skill"
    assert way.tried[0].steps == 0
    assert way.tried[0].reached == learned.ways[0].tried[0].reached
