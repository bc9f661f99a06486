"""Auto learns where stages of touch fail evidently, and leaves alone what fails elsewhere."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from demo_solvers.solvers.auto import touch_failures, why_content
from pipeline.core.doors import Problem, Solution
from pipeline.core.episode import Diagnosis, Outcome
from pipeline.core.learning import LearningBudget
from pipeline.core.program import Program, Relation, Stage
from pipeline.core.refinement import Budget

PICK = Stage(skill="pick", body="cookie_box")
PLACE = Stage(skill="place", body="cookie_box", relations=(Relation(predicate="on", anchor="zone_green"),))
PUSH = Stage(skill="push", body="cookie_box", relations=(Relation(predicate="within", anchor="zone_green"),))
FREE, TOUCH, MIXED = Program(stages=(PICK, PLACE)), Program(stages=(PUSH,)), Program(stages=(PICK, PLACE, PUSH))
DONE = Diagnosis()


def at(number: int | None, cause: str = "ik_failed") -> Diagnosis:
    return Diagnosis.model_validate({"cause": cause, "number": number})


def ended(program: Program, *diagnoses: Diagnosis) -> Solution:
    """A solution whose attempts ended so."""
    none = (np.zeros((0, 8), np.float32), np.zeros(0, np.uint8))
    return Solution([Outcome(d.cause == "none", *none, diagnosis=d, program=program) for d in diagnoses], program)


@pytest.fixture(scope="module")
def box(problem: Callable[..., Problem]) -> Problem:
    found = problem("(within cookie_box zone_green)", "cookie_box", "zone_green", worlds=1, family="push")
    return dataclasses.replace(found, budget=Budget(target=0.9))


@pytest.mark.parametrize(
    ("program", "diagnoses", "count"),
    [
        (MIXED, [DONE, at(2), at(2, "hard_touch"), at(0), at(1)], 2),
        (MIXED, [at(None, "goal_unmet"), at(None, "timeout")], 1),
        (FREE, [at(0), at(None, "goal_unmet")], 0),
    ],
)
def test_a_failure_counts_where_its_stage_can_be_learned(
    program: Program, diagnoses: Sequence[Diagnosis], count: int
) -> None:
    assert touch_failures(ended(program, *diagnoses).outcomes, program) == count


@pytest.mark.parametrize(
    ("program", "diagnoses", "why"),
    [
        (TOUCH, [DONE] * 6 + [at(0)] * 2, "which is not evidently short of 90%"),
        (FREE, [at(0)] * 8, "nothing of it is learned"),
        (MIXED, [at(0)] * 6 + [at(2)] * 2, "of 8 failures 2 are in stages that can be learned, too few"),
        (MIXED, [DONE] * 5 + [at(0)] * 2 + [at(2)], "of 3 failures 1 are in stages that can be learned, too few"),
    ],
)
def test_auto_is_content_with_the_planner_and_says_why(
    box: Problem, program: Program, diagnoses: Sequence[Diagnosis], why: str
) -> None:
    assert why in str(why_content(box, ended(program, *diagnoses)))


@pytest.mark.parametrize(
    "diagnoses", [[DONE] * 5 + [at(2)] * 3, [at(2)] * 5 + [at(0)] * 3, [at(None, "goal_unmet")] * 8]
)
def test_auto_learns_what_fails_evidently_by_touch(box: Problem, diagnoses: Sequence[Diagnosis]) -> None:
    assert why_content(box, ended(MIXED, *diagnoses)) is None


def test_auto_learns_nothing_without_a_budget(box: Problem) -> None:
    poor = dataclasses.replace(box, learning=LearningBudget(steps=0))
    assert why_content(box, ended(TOUCH, *[at(0)] * 8)) is None
    assert "no budget" in str(why_content(poor, ended(TOUCH, *[at(0)] * 8)))


def test_a_task_without_a_plan_may_be_learned(box: Problem) -> None:
    solution = dataclasses.replace(ended(FREE, at(None, "no_plan")), program=None)
    assert why_content(box, solution) is None
