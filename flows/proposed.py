"""Proposed: what an author gave a run, and the file in which the run keeps it."""

from __future__ import annotations

from pydantic import Field

from flows.folder import RunFolder
from pipeline.asking.meter import Account
from pipeline.core.files import write_atomically
from pipeline.core.geometry import Frozen
from pipeline.core.task import TaskSpec
from task_gen.curriculum import Curriculum
from task_gen.proposal import Rejection


class Proposed(Frozen):
    """What an author gave: tasks that passed the gates, what fell through, and what it cost."""

    author: str
    counts: dict[str, int] = Field(
        description="proposals that were made, parsed, passed each gate, are new, are good enough"
    )
    tasks: tuple[TaskSpec, ...]
    rejections: tuple[Rejection, ...] = ()
    codes: dict[str, int] = Field(default_factory=dict, description="reasons of the rejected proposals, by their code")
    failed_calls: tuple[str, ...] = ()
    prompts: dict[str, str] = Field(default_factory=dict, description="sha256 of every prompt that was used")
    account: Account = Field(default_factory=Account)
    modes: dict[str, int] = Field(default_factory=dict, description="a model's calls in each mode of proposing")
    curriculum: Curriculum | None = Field(default=None, description="what earlier outcomes say, where any were given")


def keep_proposals(folder: RunFolder, proposed: Proposed | None) -> None:
    """Write ``proposals.json`` once; the account of a continued run is that of the run which paid."""
    if proposed is not None and not folder.proposals.exists():
        write_atomically(folder.proposals, proposed.model_dump_json(indent=1))


def kept_proposals(folder: RunFolder) -> Proposed | None:
    """What a model proposed for this run; None when none was asked."""
    if not folder.proposals.exists():
        return None
    return Proposed.model_validate_json(folder.proposals.read_bytes())
