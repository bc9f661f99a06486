"""Critique: a second look at tasks that are possible, and the limits below which one is not worth a demonstration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pydantic import Field

from pipeline.core.geometry import Frozen
from pipeline.core.task import Critique, TaskSpec
from task_gen.proposal import Rejection
from task_gen.reasons import Reason


class Critic(Protocol):
    """Scores tasks. Which calls of a model failed stands in ``failed_calls``; their tasks are judged by rules."""

    failed_calls: list[str]

    def criticise(self, tasks: Sequence[TaskSpec]) -> tuple[Critique, ...]:
        """One critique a task, in their order."""
        ...


class Limits(Frozen):
    """What a critique must reach; the defaults let everything through."""

    min_sense: float = Field(default=0.0, ge=0, le=1, description="Least sense a task must make, 0 to 1.")
    min_clarity: float = Field(default=0.0, ge=0, le=1, description="Least clarity of the instruction, 0 to 1.")
    min_difficulty: float = Field(default=0.0, ge=0, le=1, description="Least difficulty, 0 to 1.")
    max_difficulty: float = Field(default=1.0, ge=0, le=1, description="Greatest difficulty, 0 to 1.")


def criticised(tasks: Sequence[TaskSpec], critic: Critic) -> tuple[TaskSpec, ...]:
    """The tasks with their critique."""
    found = critic.criticise(tasks)
    return tuple(t.model_copy(update={"critique": c}) for t, c in zip(tasks, found, strict=True))


def rejection(task: TaskSpec, limits: Limits) -> Rejection | None:
    """Why a task that was criticised falls through; None when it is good enough, or was never criticised."""
    reasons = () if task.critique is None else tuple(_shortfalls(task.critique, limits))
    return Rejection(name=task.name, stage="critique", reasons=reasons) if reasons else None


def _shortfalls(critique: Critique, limits: Limits) -> list[Reason]:
    asked = (
        ("sense", critique.sense, limits.min_sense, 1.0),
        ("clarity", critique.clarity, limits.min_clarity, 1.0),
        ("difficulty", critique.difficulty, limits.min_difficulty, limits.max_difficulty),
    )
    why = f" {' '.join(critique.reasons)}" if critique.reasons else ""
    return [
        Reason(
            code="poor",
            message=f"{name} {score:.2f} is not within {least:.2f} to {most:.2f}, says {critique.author}.{why}",
            at="critique",
            subject=name,
        )
        for name, score, least, most in asked
        if not least <= score <= most
    ]
