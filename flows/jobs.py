"""BatchJob and BatchReport: one batch of attempts on one task as a pure value, and what came of it."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import Field

from flows.config import RunConfig
from pipeline.asking.meter import Account
from pipeline.core.episode import Cause, Diagnosis
from pipeline.core.geometry import Frozen
from pipeline.core.learning import StageWay
from pipeline.core.lesson import Lesson
from pipeline.core.program import Program
from pipeline.core.refinement import Round
from pipeline.core.secrecy import without_secrets
from pipeline.core.task import TaskSpec
from task_gen.reasons import Reason

Status = Literal["done", "rejected", "failed"]
STAGES = ("build", "gate", "solve", "validate", "write", "picture")


class BatchJob(Frozen):
    """Batch ``index`` of a task: attempt ``config.batch`` worlds, write the first ``keep`` validated successes."""

    config: RunConfig
    task: TaskSpec
    index: int = Field(ge=0)
    keep: int = Field(ge=1, description="demonstrations the task still lacks")
    offered: tuple[Program, ...] = Field(
        default=(), description="what earlier batches of the task settled on, then what the memory offers"
    )

    @property
    def name(self) -> str:
        """What logs and Prefect call the batch."""
        return f"{self.task.name}-{self.index}"

    @property
    def digest(self) -> str:
        """Content address: a stored report counts only for the very job that it answers."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


class Attempt(Frozen):
    """How one world of a batch ended, from the solver and, if it claimed success, from the replay."""

    row: int
    solved: bool
    written: bool = False
    steps: int = Field(default=0, description="control steps driven")
    program: str = Field(default="", description="digest of the program that was carried out")
    recoveries: int = Field(default=0, description="stages that had failed and were tried again")
    by_source: bool | None = Field(
        default=None, description="whether an imported task's own rules held at some step; None: not judged"
    )
    diagnosis: Diagnosis = Diagnosis()
    lessons: tuple[Lesson, ...] = Field(
        default=(), description="how the hand was used, where the goal's predicates confirmed that it was reached"
    )


class BatchReport(Frozen):
    """What came of a batch; small enough to be JSON, the arrays are in the part beside it."""

    job: str = Field(description="digest of the BatchJob")
    task: str
    family: str
    index: int
    status: Status
    reasons: tuple[str, ...] = Field(default=(), description="why the gate rejected it, or why it failed")
    refused: tuple[Reason, ...] = Field(default=(), description="the dynamic gate's reasons against the task's scenes")
    built: int = 0
    replayed: int = Field(default=0, description="claimed successes whose replay confirmed them")
    attempts: tuple[Attempt, ...] = ()
    program: Program | None = Field(default=None, description="what the solver would do again")
    rounds: tuple[Round, ...] = Field(default=(), description="programs that were tried, and what of them went on")
    ways: tuple[StageWay, ...] = Field(default=(), description="how each stage of the program is done, and why")
    asked: Account | None = Field(default=None, description="what a model was asked for it, and its cost")
    failed_calls: tuple[str, ...] = Field(
        default=(), description="calls of it that gave nothing usable, and why; rules stood in"
    )
    seconds: dict[str, float] = Field(default_factory=dict, description="wall clock by stage")

    @property
    def attempted(self) -> int:
        """Worlds the solver was let loose in."""
        return len(self.attempts)

    @property
    def solved(self) -> int:
        """Attempts that the solver says reached the goal."""
        return sum(a.solved for a in self.attempts)

    @property
    def written(self) -> int:
        """Demonstrations in this batch's part."""
        return sum(a.written for a in self.attempts)

    @property
    def confirmed(self) -> int:
        """Attempts that carried out ``program`` and reached the goal, as the predicates say."""
        return 0 if self.program is None else sum(a.solved and a.program == self.program.digest for a in self.attempts)

    @property
    def by_source(self) -> int | None:
        """Attempts that the task's source would call successes; None where it has no rules that can be judged."""
        judged = [a.by_source for a in self.attempts if a.by_source is not None]
        return sum(judged) if judged else None

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Causes of the attempts that failed, in row order."""
        return tuple(a.diagnosis.cause for a in self.attempts if a.diagnosis.cause != "none")


def failed(job: BatchJob, reason: str) -> BatchReport:
    """The report of a batch that left nothing but a reason."""
    return BatchReport(
        job=job.digest,
        task=job.task.name,
        family=job.task.family,
        index=job.index,
        status="failed",
        reasons=(without_secrets(reason),),
    )
