"""Plan: the tasks of a run in order, each with the verdict of the static gate."""

from __future__ import annotations

from pydantic import Field

from demo_solvers.memory import Memory
from flows.config import RunConfig
from pipeline.core.doors import Catalog
from pipeline.core.errors import InvalidInputError
from pipeline.core.geometry import Frozen
from pipeline.core.program import Program
from pipeline.core.robot import RobotSpec
from pipeline.core.task import Family, TaskSpec
from task_gen.author import propose
from task_gen.gate import static_gate
from task_gen.reasons import Reason

SPARE = 2


class Candidate(Frozen):
    """A proposed task and why it may not be tried, if so."""

    task: TaskSpec
    reasons: tuple[Reason, ...] = ()
    offered: tuple[Program, ...] = Field(default=(), description="by the memory")

    @property
    def ok(self) -> bool:
        """Whether the static gate let it through."""
        return not self.reasons


class Plan(Frozen):
    """Candidates in drawing order; more than ``config.tasks``, so that rejected ones can be replaced."""

    config: RunConfig
    candidates: tuple[Candidate, ...]

    def drawn(self) -> tuple[TaskSpec, ...]:
        """The tasks to begin with."""
        return tuple(c.task for c in self.candidates if c.ok)[: self.config.tasks]

    def offered(self, task: str) -> tuple[Program, ...]:
        """What the configuration and the memory offer for a task."""
        remembered = next((c.offered for c in self.candidates if c.task.name == task), ())
        return (*self.config.programs.get(task, ()), *remembered)

    def spare(self, family: Family, taken: set[str]) -> TaskSpec | None:
        """The next candidate of a family, to stand in for a task of it that the dynamic gate rejected."""
        free = (c.task for c in self.candidates if c.ok and c.task.name not in taken and c.task.family == family)
        return next(free, None)


def make_plan(config: RunConfig, catalog: Catalog, memory: Memory | None = None) -> Plan:
    """Propose tasks, or take the given ones, put each through the static gate, and see what the memory offers."""
    robot = catalog.robot(config.robot)
    tasks = config.given or _proposals(catalog, robot, config)
    judged = (_judge(task, catalog, config) for task in tasks)
    known = memory or Memory()
    return Plan(config=config, candidates=tuple(_offered(c, catalog, config, known) for c in judged))


def _proposals(catalog: Catalog, robot: RobotSpec, config: RunConfig) -> tuple[TaskSpec, ...]:
    """With spare ones where the library affords them; a smaller count gives the first of the same tasks."""
    try:
        return propose(catalog, robot, count=config.tasks * SPARE, seed=config.seed, families=config.families)
    except InvalidInputError:
        return propose(catalog, robot, count=config.tasks, seed=config.seed, families=config.families)


def _offered(candidate: Candidate, catalog: Catalog, config: RunConfig, memory: Memory) -> Candidate:
    if not candidate.ok or not memory.lines:
        return candidate
    programs = memory.offers(candidate.task, categories_of(candidate.task, catalog), config.robot)
    return candidate.model_copy(update={"offered": programs})


def categories_of(task: TaskSpec, catalog: Catalog) -> dict[str, str]:
    """The category of each object's asset, by the object's name."""
    return {o.name: catalog.asset(o.asset).category for o in task.objects}


def _judge(task: TaskSpec, catalog: Catalog, config: RunConfig) -> Candidate:
    return Candidate(task=task, reasons=static_gate(task, catalog, catalog.robot(config.robot)).reasons)
