"""RunReport: every stage's counts, how each task fared and why attempts failed, timings, seeds and versions."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pydantic import Field, computed_field

from flows.config import RunConfig
from flows.folder import RunFolder
from flows.jobs import BatchReport
from flows.packing import Packed
from flows.plan import Plan
from flows.proposed import Proposed, kept_proposals
from flows.stages import package_versions
from pipeline.asking.meter import Account, total
from pipeline.core.files import write_atomically
from pipeline.core.geometry import Frozen
from pipeline.core.intervals import wilson
from pipeline.core.learning import StageWay, Way
from pipeline.core.program import Program
from pipeline.core.refinement import Round
from pipeline.core.task import Family, TaskSpec
from task_gen.reasons import Reason, by_code


class Counts(Frozen):
    """How many came out of each stage. Tasks up to ``gated``, worlds from ``built`` on."""

    proposed: int = 0
    gated: int = Field(default=0, description="tasks tried that both gates let through")
    built: int = 0
    attempted: int = 0
    solved: int = 0
    replayed: int = 0
    written: int = 0


class TaskReport(Frozen):
    """How one task fared."""

    task: TaskSpec
    status: str = Field(description="complete, short, failed or rejected")
    reasons: tuple[str, ...] = ()
    batches: int = 0
    counts: Counts = Counts()
    refused: dict[str, int] = Field(default_factory=dict, description="scenes the dynamic gate turned down, by reason")
    by_source: int | None = Field(
        default=None, description="attempts that an imported task's own rules call successes; None: not judged"
    )
    causes: dict[str, int] = Field(default_factory=dict, description="failed attempts by cause")
    examples: dict[str, str] = Field(default_factory=dict, description="one diagnosis in words for each cause")
    program: Program | None = Field(default=None, description="what the last batch would do again")
    confirmed: int = Field(default=0, description="attempts of the last batch that this program solved")
    refinement: tuple[Round, ...] = Field(default=(), description="rounds of the batches that were refined")
    recoveries: int = Field(default=0, description="stages that had failed and were tried again, in all attempts")
    ways: tuple[StageWay, ...] = Field(default=(), description="how the last batch does each stage, and why")
    asked: Account | None = Field(default=None, description="what a model was asked for programs, patches and rewards")
    failed_calls: tuple[str, ...] = Field(
        default=(), description="calls of it that gave nothing usable, and why; rules stood in"
    )
    seconds: dict[str, float] = Field(default_factory=dict)

    @computed_field
    @property
    def interval(self) -> tuple[float, float]:
        """Wilson 95% interval of the solver's success rate."""
        return wilson(self.counts.solved, self.counts.attempted)


class Rejected(Frozen):
    """A proposed task that the static gate turned down."""

    task: str
    family: Family
    reasons: tuple[Reason, ...]


class RunReport(Frozen):
    """The whole run, as in ``OUT/report.json``."""

    config: RunConfig
    digest: str
    versions: dict[str, str]
    counts: Counts
    families: dict[str, Counts]
    tasks: tuple[TaskReport, ...]
    rejected: tuple[Rejected, ...]
    refusals: dict[str, dict[str, int]] = Field(
        default_factory=dict, description="tasks turned down by each gate (static, dynamic), by their first reason"
    )
    ways: dict[str, dict[Way, int]] = Field(
        default_factory=dict, description="by family, how many stages are done in each way; of tasks that were learned"
    )
    dataset: Packed | None
    proposals: Proposed | None = Field(default=None, description="of a model: the funnel, its prompts and its cost")
    missing: tuple[str, ...] = Field(
        default=(), description="tasks whose demonstration was broken off, so that more batches are due"
    )
    seconds: float = Field(description="wall clock of this process's part of the run")

    @computed_field
    @property
    def complete(self) -> bool:
        """Whether every task that the gates let through has the least number of demonstrations asked for."""
        tried = [t for t in self.tasks if t.status != "rejected"]
        return not self.missing and bool(tried) and all(t.counts.written >= self.config.minimum for t in tried)


def report_of(
    plan: Plan,
    reports: Sequence[BatchReport],
    folder: RunFolder,
    packed: Packed | None,
    *,
    seconds: float,
    missing: Sequence[str] = (),
) -> RunReport:
    """Add up the batch reports and write ``report.json``."""
    tasks = task_reports(plan, reports)
    report = RunReport(
        config=plan.config,
        digest=plan.config.digest,
        versions=package_versions(),
        counts=_totals([t.counts for t in tasks], proposed=len(plan.candidates)),
        families=_by_family(plan, tasks),
        tasks=tasks,
        rejected=tuple(
            Rejected(task=c.task.name, family=c.task.family, reasons=c.reasons) for c in plan.candidates if not c.ok
        ),
        refusals=_refusals(plan, reports),
        ways=_ways(tasks),
        dataset=packed,
        proposals=kept_proposals(folder),
        missing=tuple(missing),
        seconds=round(seconds, 1),
    )
    write_atomically(folder.report, report.model_dump_json(indent=1))
    return report


def finished_report(folder: RunFolder) -> RunReport | None:
    """The report of a run with nothing left to do: report, dataset and every batch are there."""
    if not folder.report.exists():
        return None
    report = load_report(folder)
    if report.missing:
        return None
    batches = [folder.part(t.task.name, index).parent for t in report.tasks for index in range(t.batches)]
    packed = report.dataset is None or folder.dataset.exists()
    return report if packed and all((batch / "report.json").exists() for batch in batches) else None


def load_report(folder: RunFolder) -> RunReport:
    """Read ``report.json`` back."""
    held = json.loads(folder.report.read_text())
    held.pop("complete", None)
    for task in held.get("tasks", ()):
        task.pop("interval", None)
    return RunReport.model_validate(held)


def task_reports(plan: Plan, reports: Sequence[BatchReport]) -> tuple[TaskReport, ...]:
    """How every task fared that any of the batch reports is about, in plan order."""
    by_task: dict[str, list[BatchReport]] = {}
    for report in reports:
        by_task.setdefault(report.task, []).append(report)
    return tuple(
        task_report(c.task, by_task[c.task.name], plan.config) for c in plan.candidates if c.task.name in by_task
    )


def task_report(task: TaskSpec, own: Sequence[BatchReport], config: RunConfig) -> TaskReport:
    """Add up the batch reports of one task, in their order and at least one."""
    failures = [a.diagnosis for r in own for a in r.attempts if a.diagnosis.cause != "none"]
    examples = {d.cause: f"{d.stage}: expected {d.expected}, saw {d.seen}" for d in reversed(failures)}
    seconds: Counter[str] = Counter()
    for report in own:
        seconds.update(report.seconds)
    return TaskReport(
        task=task,
        status=_status(own, config),
        reasons=tuple(reason for r in own for reason in r.reasons),
        batches=len(own),
        counts=_totals([_counts(r) for r in own], proposed=1, gated=int(own[0].status != "rejected")),
        refused={**by_code(reason for r in own for reason in r.refused if reason.at)},
        by_source=_by_source(own),
        causes=dict(Counter(d.cause for d in failures).most_common()),
        examples=examples,
        **_refined(own),
        seconds={stage: round(s, 2) for stage, s in seconds.items()},
    )


def _refined(own: Sequence[BatchReport]) -> dict[str, Any]:
    """What the batches' reports say of programs and their refinement."""
    last = next((r for r in reversed(own) if r.program is not None), None)
    accounts = [r.asked for r in own if r.asked is not None]
    return {
        "program": None if last is None else last.program,
        "confirmed": 0 if last is None else last.confirmed,
        "refinement": tuple(r for report in own if len(report.rounds) > 1 for r in report.rounds),
        "ways": next((r.ways for r in reversed(own) if r.ways), ()),
        "recoveries": sum(a.recoveries for r in own for a in r.attempts),
        "asked": total(accounts) if accounts else None,
        "failed_calls": tuple(why for r in own for why in r.failed_calls),
    }


def _refusals(plan: Plan, reports: Sequence[BatchReport]) -> dict[str, dict[str, int]]:
    """Each gate's rejected tasks, counted by the reason that comes first."""
    static = by_code(c.reasons[0] for c in plan.candidates if not c.ok)
    dynamic = by_code(r.refused[0] for r in reports if r.status == "rejected" and r.refused)
    return {"static": {**static}, "dynamic": {**dynamic}}


def _ways(tasks: Sequence[TaskReport]) -> dict[str, dict[Way, int]]:
    counts: dict[str, Counter[Way]] = {}
    for one in tasks:
        if one.ways:
            counts.setdefault(one.task.family, Counter()).update(stage.way for stage in one.ways)
    return {family: dict(counts[family]) for family in sorted(counts)}


def _by_source(own: Sequence[BatchReport]) -> int | None:
    judged = [r.by_source for r in own if r.by_source is not None]
    return sum(judged) if judged else None


def _counts(report: BatchReport) -> Counts:
    return Counts(
        built=report.built,
        attempted=report.attempted,
        solved=report.solved,
        replayed=report.replayed,
        written=report.written,
    )


def _status(own: Sequence[BatchReport], config: RunConfig) -> str:
    if own[0].status == "rejected":
        return "rejected"
    if sum(r.written for r in own) >= config.demos:
        return "complete"
    return "failed" if all(r.status == "failed" for r in own) else "short"


def _totals(parts: Sequence[Counts], **fixed: int) -> Counts:
    sums = {name: sum(getattr(p, name) for p in parts) for name in Counts.model_fields}
    return Counts(**{**sums, **fixed})


def _by_family(plan: Plan, tasks: Sequence[TaskReport]) -> dict[str, Counts]:
    families = sorted({c.task.family for c in plan.candidates})
    return {
        family: _totals(
            [t.counts for t in tasks if t.task.family == family],
            proposed=sum(c.task.family == family for c in plan.candidates),
        )
        for family in families
    }
