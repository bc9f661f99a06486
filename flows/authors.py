"""Task authors as a run uses them: procedural, or a language model with a cache of paid replies and a budget."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field

from flows.limits import paced
from flows.proposed import Proposed
from flows.trials import GateOptions, Trial, Trials
from pipeline.asking.ask import Asker
from pipeline.asking.cache import CachedModel
from pipeline.asking.meter import Account, Budget, MeteredModel
from pipeline.core.doors import Catalog
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.geometry import Frozen
from pipeline.core.robot import RobotSpec
from pipeline.core.task import TaskSpec
from task_gen.asking import AskSettings
from task_gen.author import ProceduralAuthor
from task_gen.critique import Critic, Limits, criticised, rejection
from task_gen.curriculum import TaskOutcome, curriculum_of
from task_gen.gate import Verdict, static_gate
from task_gen.model_author import AuthorSettings, ModelAuthor
from task_gen.model_critic import ModelCritic
from task_gen.model_paraphraser import ModelParaphraser
from task_gen.novelty import same_words
from task_gen.paraphrase import GrammarParaphraser, Paraphraser
from task_gen.proposal import Rejection, Stage
from task_gen.reasons import Reason, by_code
from task_gen.rule_critic import RuleCritic

Author = Literal["procedural", "anthropic"]
AUTHORS: tuple[str, ...] = get_args(Author)


class Wishes(Frozen):
    """What the proposals should be like, and who looks at them again."""

    outcomes: tuple[TaskOutcome, ...] = Field(default=(), description="of earlier runs, for the curriculum")
    modes: tuple[str, ...] = Field(default=(), description="of a model's proposing, in equal shares; empty is all")
    critic: str = Field(default="procedural", description="Who criticises the tasks.")
    paraphraser: str = Field(default="procedural", description="Who paraphrases the instructions.")
    limits: Limits = Limits()
    families: tuple[str, ...] = Field(default=(), description="that the procedural author proposes; empty is all")
    gate: GateOptions | None = Field(default=None, description="adds the dynamic gate to what its proposals must pass")


class ModelOptions(Frozen):
    """Which model is asked and what it may cost."""

    model: str | None = Field(default=None, description="Language model; None takes the backend's default.")
    budget_usd: float | None = Field(default=None, ge=0, description="Most dollars that model calls may cost.")
    budget_tokens: int | None = Field(default=None, ge=0, description="Most tokens that model calls may use.")


def ask_author(
    author: str,
    catalog: Catalog,
    robot: RobotSpec,
    *,
    count: int,
    seed: int = 0,
    existing: Sequence[TaskSpec] = (),
    options: ModelOptions | None = None,
    wishes: Wishes | None = None,
) -> Proposed:
    """``count`` tasks of the named author, paraphrased and criticised, less those that the critique turns down.

    Raises UnknownNameError, InvalidInputError for wishes that the author cannot follow, or a ModelError when no model
    can be asked.
    """
    options, wishes = options or ModelOptions(), wishes or Wishes()
    for kind, name in (("author", author), ("critic", wishes.critic), ("paraphraser", wishes.paraphraser)):
        if name not in AUTHORS:
            raise UnknownNameError(kind, name, AUTHORS)
    if wishes.modes and author == "procedural":
        raise InvalidInputError("--mode says how a model proposes; give --author anthropic with it, or leave it out.")
    if author != "procedural" and (wishes.families or wishes.gate):
        raise InvalidInputError(f"--families and --gate dynamic are for the procedural author, not for {author!r}.")
    with _Staff(catalog, robot, options) as staff:
        proposed = _FIRST[author](staff, count=count, seed=seed, existing=existing, wishes=wishes)
        return staff.seen_again(proposed, wishes)


def reply_cache() -> Path:
    """Where paid replies are kept: ``TASKLOOM_CACHE``, else the user's cache folder."""
    if named := os.environ.get("TASKLOOM_CACHE"):
        return Path(named).expanduser() / "replies"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "taskloom" / "replies"


class _Staff:
    """Who is asked in one proposing: one model behind one cache and one budget, made when somebody wants it."""

    def __init__(self, catalog: Catalog, robot: RobotSpec, options: ModelOptions) -> None:
        self.catalog, self.robot, self.options = catalog, robot, options
        self._asker: Asker | None = None
        self._meter: MeteredModel | None = None

    def __enter__(self) -> _Staff:
        return self

    def __exit__(self, *_: object) -> None:
        if self._asker is not None:
            self._asker.close()

    @property
    def asker(self) -> Asker:
        """The one that asks for everybody."""
        if self._asker is None:
            from pipeline.llm.anthropic import anthropic

            budget = Budget(usd=self.options.budget_usd, tokens=self.options.budget_tokens)
            self._meter = MeteredModel(CachedModel(paced(anthropic()), reply_cache()), budget)
            self._asker = Asker(self._meter)
        return self._asker

    @property
    def model(self) -> str:
        """The name of the model that is asked."""
        from pipeline.llm.anthropic import DEFAULT_MODEL

        return self.options.model or DEFAULT_MODEL

    def seen_again(self, proposed: Proposed, wishes: Wishes) -> Proposed:
        """The tasks paraphrased and criticised, and what the critique turned down."""
        paraphraser, critic = self._paraphraser(wishes.paraphraser), self._critic(wishes.critic)
        tasks = criticised(paraphraser.reworded(proposed.tasks), critic) if proposed.tasks else ()
        poor = {t.name: found for t in tasks if (found := rejection(t, wishes.limits)) is not None}
        kept = tuple(t for t in tasks if t.name not in poor)
        hashes = {k: v for one in (paraphraser, critic) for k, v in getattr(one, "prompt_hashes", {}).items()}
        rejections = (*proposed.rejections, *poor.values())
        return proposed.model_copy(
            update={
                "tasks": kept,
                "counts": {**proposed.counts, "critique": len(kept)},
                "rejections": rejections,
                "codes": _codes(rejections),
                "failed_calls": (*proposed.failed_calls, *paraphraser.failed_calls, *critic.failed_calls),
                "prompts": {**proposed.prompts, **hashes},
                "account": self._meter.total if self._meter else Account(),
            }
        )

    def _paraphraser(self, name: str) -> Paraphraser:
        if name == "procedural":
            return GrammarParaphraser()
        settings = AskSettings(model=self.model)
        return ModelParaphraser(self.asker, self.catalog, settings, fallback=GrammarParaphraser())

    def _critic(self, name: str) -> Critic:
        rules = RuleCritic(self.catalog, self.robot)
        if name == "procedural":
            return rules
        return ModelCritic(self.asker, self.robot, AskSettings(model=self.model), fallback=rules)


def _procedural(staff: _Staff, *, count: int, seed: int, existing: Sequence[TaskSpec], wishes: Wishes) -> Proposed:
    """Proposals in the author's order until ``count`` have passed every gate; raises InvalidInputError at its end."""
    known, families = (*existing, *(o.task for o in wishes.outcomes)), wishes.families or None
    writer = ProceduralAuthor(staff.catalog, staff.robot, seed, families, "varied", known)
    curriculum = curriculum_of(wishes.outcomes) if wishes.outcomes else None
    proposals = writer.leaning(curriculum) if curriculum else writer.proposals()
    tasks, rejections, proposed = list[TaskSpec](), list[Rejection](), 0
    with Trials(wishes.gate) if wishes.gate else nullcontext() as trials:
        while len(tasks) < count:
            batch = list(islice(proposals, count - len(tasks)))
            if not batch:
                raise writer.too_few(len(tasks), count)
            proposed += len(batch)
            sound = [t for t in batch if _passes(t, static_gate(t, writer.catalog, writer.robot), "static", rejections)]
            if trials:
                tried = zip(sound, trials.judge(sound), strict=True)
                sound = [task for task, trial in tried if _passes(task, trial, "dynamic", rejections)]
            tasks += _new(sound, (*known, *tasks), rejections)
    return Proposed(
        author="procedural",
        counts=_counts(proposed, rejections, dynamic=wishes.gate is not None),
        tasks=tuple(tasks),
        rejections=tuple(rejections),
        curriculum=curriculum,
    )


def _new(found: Sequence[TaskSpec], known: Sequence[TaskSpec], rejections: list[Rejection]) -> list[TaskSpec]:
    """Those whose words are new too; the author repeats no structure."""
    fresh: list[TaskSpec] = []
    for task in found:
        if (twin := same_words(task, (*known, *fresh))) is None:
            fresh.append(task)
            continue
        why = f"Its instruction is nearly that of {twin.name!r}: {twin.instruction!r}."
        reason = Reason(code="duplicate", message=why, at="instruction", subject=twin.name)
        rejections.append(Rejection(name=task.name, stage="novel", reasons=(reason,)))
    return fresh


def _passes(task: TaskSpec, verdict: Verdict | Trial, stage: Stage, rejections: list[Rejection]) -> bool:
    if not verdict.ok:
        rejections.append(Rejection(name=task.name, stage=stage, reasons=verdict.reasons))
    return verdict.ok


def _counts(proposed: int, rejections: Sequence[Rejection], *, dynamic: bool) -> dict[str, int]:
    """What was left after each stage; the procedural author writes nothing that could not be parsed."""
    counts, left, ended = {"proposed": proposed, "parsed": proposed}, proposed, Counter(r.stage for r in rejections)
    for stage in ("static", *(("dynamic",) if dynamic else ()), "novel"):
        left -= ended[stage]
        counts[stage] = left
    return counts


def _model(staff: _Staff, *, count: int, seed: int, existing: Sequence[TaskSpec], wishes: Wishes) -> Proposed:
    writer = ModelAuthor(staff.asker, staff.catalog, staff.robot, AuthorSettings(model=staff.model))
    modes = dict.fromkeys(wishes.modes, 1.0) or None
    funnel = writer.propose(count, existing=existing, outcomes=wishes.outcomes, modes=modes, seed=seed)
    return Proposed(
        author=staff.model,
        counts=funnel.counts,
        tasks=tuple(funnel.tasks),
        rejections=tuple(funnel.rejections),
        failed_calls=tuple(funnel.failed_calls),
        prompts=writer.prompt_hashes,
        modes={**funnel.modes},
        curriculum=curriculum_of(wishes.outcomes) if wishes.outcomes else None,
    )


def _codes(rejections: Sequence[Rejection]) -> dict[str, int]:
    return {**by_code(reason for one in rejections for reason in one.reasons)}


_FIRST = {"procedural": _procedural, "anthropic": _model}
