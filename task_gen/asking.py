"""Asking a model about many tasks at once: batches of tasks, one typed answer a task, each task exactly once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

from pydantic import Field

from pipeline.asking.prompts import Prompt
from pipeline.core.chat import ChatRequest, Turn
from pipeline.core.geometry import Frozen
from pipeline.core.task import TaskSpec


class AskSettings(Frozen):
    """How a model is asked about tasks."""

    model: str
    batch: int = Field(default=10, ge=1, le=40, description="tasks a call")
    max_tokens: int = Field(default=8000, ge=500)


class Answer(Protocol):
    """What is said of one task."""

    @property
    def task(self) -> str:
        """Its name."""
        ...


def batches(tasks: Sequence[TaskSpec], size: int) -> list[Sequence[TaskSpec]]:
    """The tasks in order, at most ``size`` together."""
    return [tasks[i : i + size] for i in range(0, len(tasks), size)]


def request(tasks: Sequence[TaskSpec], settings: AskSettings, *, shared: str, prompt: Prompt) -> ChatRequest:
    """One call about a batch; ``prompt`` wants ``count`` and ``tasks``."""
    told = prompt.render(count=str(len(tasks)), tasks="\n".join(map(_told, tasks)))
    turns = (Turn(text=told),)
    return ChatRequest(model=settings.model, shared=shared, turns=turns, max_tokens=settings.max_tokens)


def miscounted(answers: Sequence[Answer], tasks: Sequence[TaskSpec]) -> Iterator[str]:
    """A sentence for every task that is missing, twice, or not of this batch."""
    found, wanted = Counter(a.task for a in answers), [t.name for t in tasks]
    for name in wanted:
        if found[name] != 1:
            yield f"{name!r}: answered {found[name]} times, must be once."
    for name in sorted(set(found) - set(wanted)):
        yield f"{name!r} is none of the tasks: {', '.join(wanted)}."


def _told(task: TaskSpec) -> str:
    shown = task.model_dump(mode="json", include={"name", "instruction", "objects", "initial", "goal", "horizon"})
    return json.dumps(shown)
