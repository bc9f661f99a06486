"""The model programmer: a language model writes programs for a task; faults go back to it until there are none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import Field

from demo_solvers.task_planning import vocabulary
from demo_solvers.task_planning.plan import facts_of
from demo_solvers.task_planning.written import WrittenProgram
from pipeline.asking.ask import Asker
from pipeline.asking.meter import purpose
from pipeline.asking.prompts import Prompt
from pipeline.core.chat import ChatRequest, Turn
from pipeline.core.doors import Problem
from pipeline.core.errors import ModelError
from pipeline.core.geometry import Frozen
from pipeline.core.program import Program
from pipeline.core.world import WorldState

PROMPTS = Path(__file__).parent / "prompts"
ONE = "Write the program that you expect to work in most of the worlds."
MORE = "This is request {number} of {count}: write a program that is likely to work but that not everybody would write."


class ProgrammerSettings(Frozen):
    """How a model is asked for programs."""

    model: str
    programs: int = Field(default=1, ge=1, le=8, description="calls, each for one program")
    max_tokens: int = Field(default=6000, ge=500)


@dataclass(frozen=True)
class Written:
    """Programs without faults, none twice, and the calls that ended without one."""

    programs: tuple[Program, ...]
    failed_calls: tuple[str, ...] = ()


class Programmer(Protocol):
    """Writes programs for a problem from the present state of its worlds."""

    def write(self, problem: Problem, world: WorldState) -> Written:
        """Programs that can be begun, at best one that works; none where nothing came of it."""
        ...


class ModelProgrammer:
    """Writes programs with a model; equal settings, tasks and worlds make equal requests.

    ``asker`` decides how often a program with faults may be corrected. What the model writes is data that
    :func:`check_program` has read; none of it is ever executed as code.
    """

    def __init__(self, asker: Asker, settings: ProgrammerSettings) -> None:
        self.asker, self.settings = asker, settings
        self.failed_calls: list[str] = []
        self._rules, self._write = Prompt.load(PROMPTS / "rules.md"), Prompt.load(PROMPTS / "write.md")

    @property
    def prompt_hashes(self) -> dict[str, str]:
        """For provenance: every prompt's name and content hash."""
        return {prompt.path: prompt.sha256 for prompt in (self._rules, self._write)}

    def write(self, problem: Problem, world: WorldState) -> Written:
        """Programs for ``problem`` from the present state of its worlds, each by the model that wrote it.

        A call that fails is recorded and the others go on; whether to do without programs is for the caller.
        """
        layout, count = world.layout, self.settings.programs
        requests = [self._request(problem, world, number) for number in range(count)]
        with purpose(problem.task.name):
            checks = [lambda written: written.faults(layout)] * count
            replies = self.asker.ask_all(requests, WrittenProgram, checks=checks)
        programs = {}
        for reply in replies:
            if not isinstance(reply, ModelError):
                program = reply.value.program(author=reply.model)
                programs.setdefault(program.digest, program)
        failed = [f"{type(r).__name__}: {r}" for r in replies if isinstance(r, ModelError)]
        self.failed_calls += failed
        return Written(tuple(programs.values()), tuple(failed))

    def _request(self, problem: Problem, world: WorldState, number: int) -> ChatRequest:
        shared = self._rules.render(
            robot=problem.scenes[0].robot.noun, skills=vocabulary.skills(), predicates=vocabulary.predicates()
        )
        return ChatRequest(
            model=self.settings.model,
            shared=shared,
            turns=(Turn(text=self._told(problem, world, number)),),
            max_tokens=self.settings.max_tokens,
            sample=number,
        )

    def _told(self, problem: Problem, world: WorldState, number: int) -> str:
        task, count = problem.task, self.settings.programs
        sure, possible = vocabulary.relations(facts_of(task.goal, world))
        return self._write.render(
            instruction=task.instruction,
            goal=task.goal,
            horizon=f"{task.horizon:g}",
            bodies=vocabulary.bodies(world.layout, {item.name: item.role for item in task.objects}),
            sure=sure,
            possible=possible,
            request=ONE if number == 0 else MORE.format(number=number + 1, count=count),
        )
