"""The model author: a vision-language model writes rewards, sees how training with them went, and writes others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from demo_solvers.refinement.model import program_in_words
from demo_solvers.rewards import vocabulary
from demo_solvers.rewards.authors import Author
from demo_solvers.rewards.procedural import Assignment
from demo_solvers.rewards.trial import Candidate, Trial
from demo_solvers.rewards.written import WrittenReward
from demo_solvers.task_planning import vocabulary as words
from pipeline.asking.ask import Asker
from pipeline.asking.meter import purpose
from pipeline.asking.prompts import Prompt
from pipeline.core.chat import ChatRequest, Picture, Turn
from pipeline.core.errors import ModelError
from pipeline.core.geometry import Frozen

PROMPTS = Path(__file__).parent / "prompts"
SHOWN = 3  # trials that are shown, the best ones
REQUEST = "<request>"  # where a prompt of several calls says which one it is
PICTURES = 4  # that are shown at most
NO_PICTURES, NO_PROGRAM = "There are no pictures.", "(no program is known)"
ONE = "Write the reward that you expect to work best."
MORE = "This is request {number} of {count}: write a reward that is likely to work but differs from the obvious one."


class AuthorSettings(Frozen):
    """How a model is asked for rewards."""

    model: str
    robot: str = Field(default="robot arm", description="what the robot is called")
    pictures: bool = Field(default=True, description="show keyframes of trials")
    max_tokens: int = Field(default=6000, ge=500)


class ModelAuthor:
    """Asks a model, one call a candidate; what it fails at is filled up by ``fallback``, which carries its own name.

    What the model writes is text of the reward language that has been read and checked; none of it is ever run.
    """

    def __init__(self, asker: Asker, settings: AuthorSettings, *, fallback: Author) -> None:
        self.asker, self.settings, self.fallback = asker, settings, fallback
        self.name = settings.model
        self.failed_calls: list[str] = []
        self._rules, self._write, self._revise = (
            Prompt.load(PROMPTS / f"{name}.md") for name in ("rules", "write", "revise")
        )

    @property
    def prompt_hashes(self) -> dict[str, str]:
        """For provenance: every prompt's name and content hash."""
        return {p.path: p.sha256 for p in (self._rules, self._write, self._revise)}

    def write(self, task: Assignment, count: int) -> tuple[Candidate, ...]:
        """The model's rewards, then the fallback's, ``count`` in all; never raises for a call that failed."""
        asked = self._asked(task, [(self._first(task, n, count), ()) for n in range(count)])
        return _filled(asked, self.fallback.write(task, count), count) if len(asked) < count else asked

    def revise(self, task: Assignment, trials: Sequence[Trial], count: int) -> tuple[Candidate, ...]:
        """As :meth:`write`, by a model that has seen the trials; nothing is tried twice."""
        told, pictures = self._next(task, trials)
        asked = self._asked(task, [(told.replace(REQUEST, _request(n, count)), pictures) for n in range(count)])
        tried = {trial.candidate.reward for trial in trials}
        asked = tuple(candidate for candidate in asked if candidate.reward not in tried)
        return _filled(asked, self.fallback.revise(task, trials, count), count) if len(asked) < count else asked

    def _asked(self, task: Assignment, turns: Sequence[tuple[str, tuple[Picture, ...]]]) -> tuple[Candidate, ...]:
        requests = [self._request(told, pictures, sample) for sample, (told, pictures) in enumerate(turns)]
        checks = [lambda said: said.faults(task.layout)] * len(requests)
        try:
            with purpose("rewards"):
                replies = self.asker.ask_all(requests, WrittenReward, checks=checks)
        except ModelError as error:
            replies = [error]
        self.failed_calls += [f"{type(r).__name__}: {r}" for r in replies if isinstance(r, ModelError)]
        found = [r.value.candidate(task.layout, r.model) for r in replies if not isinstance(r, ModelError)]
        return tuple({candidate.reward: candidate for candidate in reversed(found)}.values())[::-1]

    def _first(self, task: Assignment, number: int, count: int) -> str:
        return self._write.render(
            instruction=task.instruction,
            goal=task.goal,
            bodies=words.bodies(task.layout, task.roles),
            program=program_in_words(task.program) if task.program else NO_PROGRAM,
            request=_request(number, count),
        )

    def _next(self, task: Assignment, trials: Sequence[Trial]) -> tuple[str, tuple[Picture, ...]]:
        ranked = sorted(trials, key=lambda trial: -trial.success)[:SHOWN]
        shown = [trial for trial in ranked if trial.pictures] if self.settings.pictures else []
        pictures = tuple(picture for trial in shown for picture in trial.pictures)[:PICTURES]
        captions = [f"Pictures of reward {ranked.index(trial) + 1}: {trial.caption}" for trial in shown]
        told = self._revise.render(
            instruction=task.instruction,
            goal=task.goal,
            bodies=words.bodies(task.layout, task.roles),
            trials="\n\n".join(_tried(i, trial) for i, trial in enumerate(ranked, 1)) or "(none)",
            pictures="\n".join(captions) if pictures else NO_PICTURES,
            request=REQUEST,
        )
        return told, pictures

    def _request(self, told: str, pictures: tuple[Picture, ...], sample: int) -> ChatRequest:
        return ChatRequest(
            model=self.settings.model,
            shared=self._rules.render(
                robot=self.settings.robot,
                units=vocabulary.units(),
                terms=vocabulary.terms(),
                functions=vocabulary.functions(),
                predicates=words.predicates(),
            ),
            turns=(Turn(text=told, pictures=pictures),),
            max_tokens=self.settings.max_tokens,
            sample=sample,
        )


def _request(number: int, count: int) -> str:
    return ONE if number == 0 else MORE.format(number=number + 1, count=count)


def _tried(number: int, trial: Trial) -> str:
    indented = "\n".join(f"    {line}" for line in trial.candidate.reward.splitlines())
    return f"Reward {number}:\n\n{indented}\n\n{trial.in_words()}"


def _filled(asked: Sequence[Candidate], others: Sequence[Candidate], count: int) -> tuple[Candidate, ...]:
    """Those asked for, then others that are not among them, ``count`` in all."""
    known = {candidate.reward for candidate in asked}
    return (*asked, *(other for other in others if other.reward not in known))[:count]
