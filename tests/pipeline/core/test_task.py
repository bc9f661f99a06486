"""A task's file says what the task has, and no more."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from pipeline.core.task import Critique, TaskObject, TaskSpec

TASK = TaskSpec(
    name="push_brick",
    family="push",
    instruction="Push the brick.",
    objects=(TaskObject(name="brick", asset="brick"),),
    goal="(within brick zone)",
)
CRITIQUE = Critique(sense=0.5, difficulty=0.25, clarity=1.0, reasons=("It is dull.",), author="someone")


def test_a_task_that_nobody_criticised_or_reworded_does_not_speak_of_it() -> None:
    assert not {"critique", "paraphraser"} & set(json.loads(TASK.model_dump_json()))


@pytest.mark.parametrize("changes", [{}, {"critique": CRITIQUE}, {"paraphraser": "someone", "critique": CRITIQUE}])
def test_what_was_written_is_read_back(changes: dict[str, object]) -> None:
    task = TASK.model_copy(update=changes)
    assert TaskSpec.model_validate_json(task.model_dump_json()) == task
    assert set(changes) <= set(json.loads(task.model_dump_json()))


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_a_score_outside_its_scale_is_refused(score: float) -> None:
    with pytest.raises(ValidationError):
        Critique(sense=score, difficulty=0.5, clarity=0.5, author="someone")
