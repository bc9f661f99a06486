"""Task authors as a run uses them: procedural, or a language model with a cache of paid replies and a budget."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from pydantic import Field

from pipeline.asking.ask import Asker
from pipeline.asking.cache import CachedModel
from pipeline.asking.meter import Account, Budget, MeteredModel
from pipeline.core.doors import Catalog
from pipeline.core.errors import UnknownNameError
from pipeline.core.geometry import Frozen
from pipeline.core.robot import RobotSpec
from pipeline.core.task import TaskSpec
from task_gen.author import propose
from task_gen.gate import static_gate
from task_gen.proposal import Rejection
from task_gen.reasons import by_code

Author = Literal["procedural", "anthropic"]
AUTHORS: tuple[str, ...] = get_args(Author)


class Proposed(Frozen):
    """What an author gave: tasks that passed the static gate, what fell through, and what it cost."""

    author: str
    counts: dict[str, int] = Field(description="proposals that were made, parsed, passed the static gate, are new")
    tasks: tuple[TaskSpec, ...]
    rejections: tuple[Rejection, ...] = ()
    failed_calls: tuple[str, ...] = ()
    prompts: dict[str, str] = Field(default_factory=dict, description="sha256 of every prompt that was used")
    account: Account = Field(default_factory=Account)

    @property
    def codes(self) -> dict[str, int]:
        """How often each reason was among those of the rejected proposals."""
        return {**by_code(r for one in self.rejections for r in one.reasons)}


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
) -> Proposed:
    """``count`` tasks of the named author; raises UnknownNameError, or a ModelError when no model can be asked."""
    if author == "procedural":
        return _procedural(catalog, robot, count=count, seed=seed, existing=existing)
    if author == "anthropic":
        return _model(catalog, robot, count=count, seed=seed, existing=existing, options=options or ModelOptions())
    raise UnknownNameError("author", author, AUTHORS)


def reply_cache() -> Path:
    """Where paid replies are kept: ``TASKLOOM_CACHE``, else the user's cache folder."""
    if named := os.environ.get("TASKLOOM_CACHE"):
        return Path(named).expanduser() / "replies"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "taskloom" / "replies"


def _procedural(catalog: Catalog, robot: RobotSpec, *, count: int, seed: int, existing: Sequence[TaskSpec]) -> Proposed:
    taken = {t.name for t in existing}
    drawn = propose(catalog, robot, count=count + len(taken), seed=seed) if taken else None
    fresh = [t for t in drawn or propose(catalog, robot, count=count, seed=seed) if t.name not in taken][:count]
    verdicts = [(task, static_gate(task, catalog, robot)) for task in fresh]
    tasks = tuple(task for task, verdict in verdicts if verdict.ok)
    rejections = tuple(Rejection(name=t.name, stage="static", reasons=v.reasons) for t, v in verdicts if not v.ok)
    counts = {"proposed": len(fresh), "parsed": len(fresh), "static": len(tasks), "novel": len(tasks)}
    return Proposed(author="procedural", counts=counts, tasks=tasks, rejections=rejections)


def _model(
    catalog: Catalog, robot: RobotSpec, *, count: int, seed: int, existing: Sequence[TaskSpec], options: ModelOptions
) -> Proposed:
    from pipeline.llm.anthropic import DEFAULT_MODEL, anthropic
    from task_gen.model_author import AuthorSettings, ModelAuthor

    budget = Budget(usd=options.budget_usd, tokens=options.budget_tokens)
    meter = MeteredModel(CachedModel(anthropic(), reply_cache()), budget)
    settings = AuthorSettings(model=options.model or DEFAULT_MODEL)
    with Asker(meter) as asker:
        writer = ModelAuthor(asker, catalog, robot, settings)
        funnel = writer.propose(count, existing=existing, seed=seed)
    return Proposed(
        author=settings.model,
        counts=funnel.counts,
        tasks=tuple(funnel.tasks),
        rejections=tuple(funnel.rejections),
        failed_calls=tuple(funnel.failed_calls),
        prompts=writer.prompt_hashes,
        account=meter.total,
    )
