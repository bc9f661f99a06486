"""Proposal: a task as a model writes it, and its way from words to a TaskSpec or to the reasons why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, ValidationError

from pipeline.core.doors import Catalog
from pipeline.core.geometry import Frozen
from pipeline.core.robot import RobotSpec
from pipeline.core.task import TaskObject, TaskSpec
from task_gen.gate import static_gate
from task_gen.reasons import Reason

Stage = Literal["parsed", "static", "dynamic", "novel", "critique"]


class Proposal(Frozen):
    """One proposed task; loose on purpose, so that a mistake is told by the gate in words and not by the schema."""

    name: str
    family: str
    instruction: str
    paraphrases: tuple[str, ...] = ()
    objects: tuple[TaskObject, ...]
    initial: tuple[str, ...] = ()
    goal: str
    horizon: float = Field(default=20.0, description="seconds")


class Proposals(Frozen):
    """What one call gives."""

    tasks: tuple[Proposal, ...]


class Rejection(Frozen):
    """A proposal that did not get through: where it ended, and every reason."""

    name: str
    stage: Stage
    reasons: tuple[Reason, ...]
    repairs: int = 0


def to_task(proposal: Proposal, *, author: str) -> TaskSpec | tuple[Reason, ...]:
    """The task, or what keeps the proposal from being one."""
    try:
        return TaskSpec.model_validate({**proposal.model_dump(), "author": author, "paraphraser": author})
    except ValidationError as error:
        found = [(".".join(map(str, e["loc"])) or "task", e["msg"]) for e in error.errors()]
        return tuple(Reason(code="schema", message=f"{at}: {why}.", at=at) for at, why in found)


def judge(task: TaskSpec, catalog: Catalog, robot: RobotSpec, *, names: Sequence[str]) -> tuple[Reason, ...]:
    """Reasons of the static gate, and a name that is taken."""
    reasons = static_gate(task, catalog, robot).reasons
    if task.name not in names:
        return reasons
    why = f"name: {task.name!r} is taken; choose another."
    return (Reason(code="name_taken", message=why, at="name", subject=task.name), *reasons)
