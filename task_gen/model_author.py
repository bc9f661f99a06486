"""The model author: a language model proposes tasks in batches; what the gate rejects goes back with the reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import Field

from pipeline.asking.ask import Asker
from pipeline.asking.meter import purpose
from pipeline.asking.prompts import Prompt
from pipeline.core.chat import ChatRequest, Turn
from pipeline.core.doors import Catalog
from pipeline.core.errors import BudgetError, ModelError
from pipeline.core.geometry import Frozen
from pipeline.core.robot import RobotSpec
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from task_gen import vocabulary
from task_gen.curriculum import TaskOutcome, curriculum_of, in_words
from task_gen.modes import Brief, Material, Mode, schedule, shares
from task_gen.novelty import same_structure, same_words
from task_gen.pantry import Pantry
from task_gen.proposal import Proposal, Proposals, Rejection, Stage, judge, to_task
from task_gen.reasons import Reason

PROMPTS = Path(__file__).parent / "prompts"
LISTED = 60  # existing tasks that are named to the model


class AuthorSettings(Frozen):
    """How a model is asked."""

    model: str
    batch: int = Field(default=5, ge=1, le=20, description="tasks a call")
    repairs: int = Field(default=2, ge=0, description="times a rejected task may be corrected")
    rounds: int = Field(default=4, ge=1, description="rounds of calls before a run is content with fewer tasks")
    max_tokens: int = Field(default=16000, ge=1000)


@dataclass
class Funnel:
    """What became of all proposals."""

    proposed: int = 0
    tasks: list[TaskSpec] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    failed_calls: list[str] = field(default_factory=list)
    modes: Counter[Mode] = field(default_factory=Counter[Mode])  # calls made in each

    @property
    def counts(self) -> dict[str, int]:
        """Proposals that were made, parsed, passed the static gate, and are new."""
        ended = {stage: sum(r.stage == stage for r in self.rejections) for stage in ("parsed", "static", "novel")}
        parsed = self.proposed - ended["parsed"]
        static = parsed - ended["static"]
        return {"proposed": self.proposed, "parsed": parsed, "static": static, "novel": static - ended["novel"]}


class ModelAuthor:
    """Proposes tasks with a model; equal settings, catalogue and existing tasks make equal requests."""

    def __init__(self, asker: Asker, catalog: Catalog, robot: RobotSpec, settings: AuthorSettings) -> None:
        self.asker, self.catalog, self.robot, self.settings = asker, catalog, robot, settings
        self._ask, self._repair = Prompt.load(PROMPTS / "ask.md"), Prompt.load(PROMPTS / "repair.md")
        self._rules, self._brief = Prompt.load(PROMPTS / "propose.md"), Brief()
        self._pantry = Pantry(catalog, robot)
        self._shared = self._rules.render(
            robot=vocabulary.abilities(robot),
            predicates=vocabulary.predicates(),
            families=vocabulary.families(),
            assets=vocabulary.assets(self._pantry),
        )

    @property
    def prompt_hashes(self) -> dict[str, str]:
        """For provenance: every prompt's name and content hash."""
        return {p.path: p.sha256 for p in (self._rules, self._ask, self._repair, *self._brief.prompts.values())}

    def propose(
        self,
        count: int,
        *,
        existing: Sequence[TaskSpec] = (),
        outcomes: Sequence[TaskOutcome] = (),
        modes: Mapping[str, float] | None = None,
        mix: str = "all of them, evenly",
        seed: int = 0,
    ) -> Funnel:
        """At most ``count`` valid, new tasks and what happened to all others.

        ``outcomes`` of earlier tasks are told to the model, which repeats none of them; ``modes`` are the shares of
        the calls in each mode, by default equal, and ``mix`` says in words which families are wanted.

        A call that fails is recorded and the others go on. Raises :class:`BudgetError` only before the first task;
        later the tasks so far are returned, with the reason among the failed calls.
        """
        funnel, wanted = Funnel(), shares(modes)
        earlier = [o.task for o in outcomes if o.task.name not in {t.name for t in existing}]
        for round_ in range(self.settings.rounds):
            missing = count - len(funnel.tasks)
            if missing <= 0:
                break
            batches = [min(self.settings.batch, missing - i) for i in range(0, missing, self.settings.batch)]
            known = (*earlier, *existing, *funnel.tasks)
            due = schedule(wanted, len(batches), done=funnel.modes)
            funnel.modes.update(due)
            requests = [
                self._request(size, mode, known, outcomes, mix, sample=seed * 10_000 + round_ * 100 + i)
                for i, (size, mode) in enumerate(zip(batches, due, strict=True))
            ]
            with purpose("propose"):
                replies = self.asker.ask_all(requests, Proposals)
            proposals = list(self._collected(replies, funnel))
            if not self._settle(proposals, known, funnel):
                break
        funnel.tasks = funnel.tasks[:count]
        return funnel

    def _request(
        self,
        size: int,
        mode: Mode,
        known: Sequence[TaskSpec],
        outcomes: Sequence[TaskOutcome],
        mix: str,
        *,
        sample: int,
    ) -> ChatRequest:
        curriculum = curriculum_of(outcomes)
        solved = [o.task for o in outcomes if o.solved]
        material = Material(self._pantry, curriculum, existing=known, solved=solved)
        words = self._ask.render(
            count=str(size),
            angle=self._brief.told(mode, material, stream(sample, "task_gen", "brief", mode)).strip(),
            mix=mix,
            outcomes=in_words(curriculum),
            existing="\n".join(_listed(known[-LISTED:], outcomes)) or "(none)",
        )
        return self._chat(words, sample=sample)

    def _chat(self, words: str, *, sample: int = 0) -> ChatRequest:
        return ChatRequest(
            model=self.settings.model,
            shared=self._shared,
            turns=(Turn(text=words),),
            max_tokens=self.settings.max_tokens,
            sample=sample,
        )

    def _collected(self, replies: Iterable[object], funnel: Funnel) -> Iterable[tuple[Proposal, str]]:
        """Proposals with the model that made each; failed calls are noted, and raised when nothing else came."""
        errors = [r for r in replies if isinstance(r, ModelError)]
        funnel.failed_calls += [f"{type(e).__name__}: {e}" for e in errors]
        good = [r for r in replies if not isinstance(r, ModelError)]
        if errors and not good and not funnel.tasks:
            raise errors[0]
        for reply in good:
            for proposal in reply.value.tasks:  # type: ignore[attr-defined]
                funnel.proposed += 1
                yield proposal, reply.model  # type: ignore[attr-defined]

    def _settle(self, proposals: Sequence[tuple[Proposal, str]], known: Sequence[TaskSpec], funnel: Funnel) -> bool:
        """Judge proposals, let the model repair what fails; whether it makes sense to go on asking."""
        pending = [(proposal, author, 0) for proposal, author in proposals]
        while pending:
            failed = [
                (p, author, repairs, found)
                for p, author, repairs in pending
                if (found := self._judged(p, author, (*known, *funnel.tasks), funnel, repairs)) is not None
            ]
            again = [f for f in failed if f[2] < self.settings.repairs and f[3][0] != "novel"]
            for p, _, repairs, (stage, reasons) in failed:
                if repairs >= self.settings.repairs or stage == "novel":
                    funnel.rejections.append(Rejection(name=p.name, stage=stage, reasons=reasons, repairs=repairs))
            pending = self._repaired(again, funnel)
        return bool(proposals) and not any(c.startswith(BudgetError.__name__) for c in funnel.failed_calls)

    def _judged(
        self, proposal: Proposal, author: str, known: Sequence[TaskSpec], funnel: Funnel, repairs: int
    ) -> tuple[Stage, tuple[Reason, ...]] | None:
        """None for a task that was taken in, else where it fell through and why."""
        task = to_task(proposal, author=author)
        if not isinstance(task, TaskSpec):
            return "parsed", task
        if reasons := judge(task, self.catalog, self.robot, names=[t.name for t in known]):
            return "static", reasons
        if twin := same_structure(task, known):
            return "novel", (_duplicate(f"It has the goal and start of {twin.name!r} with other names.", twin),)
        if twin := same_words(task, known):
            why = f"Its instruction is nearly that of {twin.name!r}: {twin.instruction!r}."
            return "novel", (_duplicate(why, twin),)
        funnel.tasks.append(task)
        return None

    def _repaired(
        self, failed: Sequence[tuple[Proposal, str, int, tuple[Stage, tuple[Reason, ...]]]], funnel: Funnel
    ) -> list[tuple[Proposal, str, int]]:
        if not failed:
            return []
        requests = [
            self._chat(
                self._repair.render(task=p.model_dump_json(indent=1), reasons="\n".join(f"- {r}" for r in reasons)),
                sample=repairs,
            )
            for p, _, repairs, (_, reasons) in failed
        ]
        with purpose("repair"):
            replies = self.asker.ask_all(requests, Proposal)
        mended: list[tuple[Proposal, str, int]] = []
        for (p, _, repairs, (stage, reasons)), reply in zip(failed, replies, strict=True):
            if isinstance(reply, ModelError):
                funnel.failed_calls.append(f"{type(reply).__name__}: {reply}")
                funnel.rejections.append(Rejection(name=p.name, stage=stage, reasons=reasons, repairs=repairs))
            else:
                mended.append((reply.value, reply.model, repairs + 1))
        return mended


def _duplicate(why: str, twin: TaskSpec) -> Reason:
    return Reason(code="duplicate", message=why, subject=twin.name)


def _listed(tasks: Sequence[TaskSpec], outcomes: Sequence[TaskOutcome]) -> Iterable[str]:
    rates = {o.task.name: o.solved / o.attempted for o in outcomes if o.attempted}
    for task in tasks:
        rate = f", {rates[task.name]:.0%} solved" if task.name in rates else ""
        yield f"- {task.name} ({task.family}{rate}): {task.goal}"
