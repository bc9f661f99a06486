"""ImportReport: what became of every thing and every sentence of an imported problem."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.core.geometry import Frozen
from pipeline.core.task import TaskSpec
from task_gen.reasons import Reason

Closeness = Literal["original", "same", "kind", "substitute"]


class Mapped(Frozen):
    """A thing of the source and the asset that plays it.

    ``original`` is the source's own object, ``same`` one with all the words of its category, ``kind`` one of the same
    kind (another bowl), and ``substitute`` something else that can do what the task asks of it.
    """

    name: str
    category: str
    asset: str
    how: Closeness
    why: str


class Missing(Frozen):
    """A thing, region or condition of the source that the task does without, or cannot do without."""

    name: str
    category: str = ""
    why: str


class Change(Frozen):
    """A sentence of the source that means something a little different in our words."""

    source: str
    ours: str
    why: str


class ImportReport(Frozen):
    """One problem: the task, if there is one, and every thing by name.

    ``unmapped`` keeps the problem from being a task; ``left_out`` is scenery that the task does without; ``gate`` holds
    the static gate's reasons against the task.
    """

    name: str
    file: str
    format: Literal["bddl", "tasks"]
    task: TaskSpec | None = None
    mapped: tuple[Mapped, ...] = ()
    unmapped: tuple[Missing, ...] = ()
    left_out: tuple[Missing, ...] = ()
    changes: tuple[Change, ...] = ()
    gate: tuple[Reason, ...] = Field(default=(), description="why the static gate rejects the task; empty: it passes")

    @property
    def substituted(self) -> tuple[Mapped, ...]:
        """The things that something else stands in for."""
        return tuple(m for m in self.mapped if m.how == "substitute")

    @property
    def ok(self) -> bool:
        """Whether there is a task and the static gate lets it pass."""
        return self.task is not None and not self.gate
