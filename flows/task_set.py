"""Task sets: tasks after a published benchmark, as data, with what each is like there and how it differs here."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import Field

from pipeline.core.errors import UnknownNameError
from pipeline.core.geometry import Frozen
from pipeline.core.program import Program
from pipeline.core.task import TaskSpec

HERE = Path(__file__).parent
NAMES = ("rlbench14", "contact")


class Entry(Frozen):
    """One task of a set; ``program`` is there where the planner cannot find one, and was written by hand."""

    label: str = Field(description="the row of the published table")
    source: str = Field(description="what it is there")
    task: TaskSpec
    program: Program | None = None
    asset: str
    success: str = Field(description="the goal in words")
    randomisation: str
    deviations: tuple[str, ...] = Field(description="every way in which it is not what it is there")


class TaskSet(Frozen):
    """Tasks in the published order."""

    name: str
    summary: str
    start: str = Field(description="how the robot begins")
    entries: tuple[Entry, ...]

    @property
    def tasks(self) -> tuple[TaskSpec, ...]:
        """The tasks alone."""
        return tuple(entry.task for entry in self.entries)

    def offered(self, task: str) -> tuple[Program, ...]:
        """The programs written by hand for a task; none for most."""
        return tuple(e.program for e in self.entries if e.task.name == task and e.program is not None)


@cache
def task_set(name: str) -> TaskSet:
    """A set of this folder; raises :class:`UnknownNameError`."""
    if name not in NAMES:
        raise UnknownNameError("task set", name, NAMES)
    return TaskSet.model_validate_json((HERE / f"{name}.json").read_text())
