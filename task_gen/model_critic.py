"""The model critic: a second pass of a language model over proposed tasks, typed, several calls at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pydantic import Field

from pipeline.asking.ask import Asker
from pipeline.asking.meter import purpose
from pipeline.asking.prompts import Prompt
from pipeline.core.errors import ModelError
from pipeline.core.geometry import Frozen
from pipeline.core.robot import RobotSpec
from pipeline.core.task import Critique, TaskSpec
from task_gen import vocabulary
from task_gen.asking import AskSettings, batches, miscounted, request
from task_gen.critique import Critic

PROMPTS = Path(__file__).parent / "prompts"


class Judgement(Frozen):
    """What the model says of one task."""

    task: str
    sense: float = Field(ge=0, le=1)
    difficulty: float = Field(ge=0, le=1)
    clarity: float = Field(ge=0, le=1)
    reason: str = Field(default="", max_length=500)


class Judgements(Frozen):
    """What one call gives."""

    judgements: tuple[Judgement, ...]


class ModelCritic:
    """Asks a model; the tasks of a call that failed are judged by ``fallback`` and carry its name."""

    def __init__(self, asker: Asker, robot: RobotSpec, settings: AskSettings, *, fallback: Critic) -> None:
        self.asker, self.settings, self.fallback = asker, settings, fallback
        self.failed_calls: list[str] = []
        self._rules, self._judge = Prompt.load(PROMPTS / "critique.md"), Prompt.load(PROMPTS / "judge.md")
        scales = {name: _meaning(name) for name in ("sense", "difficulty", "clarity")}
        self._shared = self._rules.render(
            robot=vocabulary.abilities(robot), predicates=vocabulary.predicates(), **scales
        )

    @property
    def prompt_hashes(self) -> dict[str, str]:
        """For provenance: every prompt's name and content hash."""
        return {p.path: p.sha256 for p in (self._rules, self._judge)}

    def criticise(self, tasks: Sequence[TaskSpec]) -> tuple[Critique, ...]:
        """One critique a task, in their order; never raises for a call that failed."""
        parts = batches(tasks, self.settings.batch)
        requests = [request(part, self.settings, shared=self._shared, prompt=self._judge) for part in parts]
        with purpose("critique"):
            replies = self.asker.ask_all(requests, Judgements, checks=[partial(_mistakes, part) for part in parts])
        found: list[Critique] = []
        for part, reply in zip(parts, replies, strict=True):
            if isinstance(reply, ModelError):
                self.failed_calls.append(f"{type(reply).__name__}: {reply}")
                found += self.fallback.criticise(part)
            else:
                said = {j.task: j for j in reply.value.judgements}
                found += [_critique(said[t.name], author=reply.model) for t in part]
        return tuple(found)


def _meaning(scale: str) -> str:
    return Critique.model_fields[scale].description or ""


def _mistakes(tasks: Sequence[TaskSpec], reply: Judgements) -> list[str]:
    return list(miscounted(reply.judgements, tasks))


def _critique(said: Judgement, *, author: str) -> Critique:
    reasons = (said.reason,) if said.reason else ()
    scores = said.model_dump(include={"sense", "difficulty", "clarity"})
    return Critique(**scores, reasons=reasons, author=author)
