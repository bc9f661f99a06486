"""Rounds: which batches are due, given the reports so far; the same whatever order the reports arrive in."""

from __future__ import annotations

from flows.jobs import BatchJob, BatchReport
from flows.plan import Plan
from pipeline.core.program import Program
from pipeline.core.task import TaskSpec


class Rounds:
    """The book-keeping of the batches of a run.

    A task gets batch after batch until it has ``config.demos`` demonstrations or has had ``config.rounds`` batches. A
    task whose first batch the dynamic gate rejects is replaced by the next candidate of its family. Since one
    replacement is drawn for each rejection, the set of tasks drawn does not depend on the order of the rejections.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._done: dict[str, list[BatchReport]] = {}
        self._tasks: dict[str, TaskSpec] = {}

    def start(self) -> list[BatchJob]:
        """The first batch of every task drawn."""
        return [self._draw(task) for task in self.plan.drawn()]

    def record(self, report: BatchReport) -> list[BatchJob]:
        """Take note of a report; the jobs that it makes due."""
        done = self._done[report.task]
        done.append(report)
        if report.status == "rejected" and len(done) == 1:
            spare = self.plan.spare(self._tasks[report.task].family, set(self._tasks))
            return [self._draw(spare)] if spare else []
        missing = self.plan.config.demos - sum(r.written for r in done)
        if missing <= 0 or len(done) >= self.plan.config.rounds:
            return []
        return [self._job(self._tasks[report.task], index=len(done), keep=missing)]

    @property
    def reports(self) -> tuple[BatchReport, ...]:
        """Everything recorded, by candidate and batch."""
        order = [c.task.name for c in self.plan.candidates if c.task.name in self._done]
        return tuple(report for name in order for report in self._done[name])

    def _draw(self, task: TaskSpec) -> BatchJob:
        self._tasks[task.name] = task
        self._done[task.name] = []
        return self._job(task, index=0, keep=self.plan.config.demos)

    def _job(self, task: TaskSpec, *, index: int, keep: int) -> BatchJob:
        offered = {p.digest: p for p in (*self._settled(task.name), *self.plan.offered(task.name))}
        return BatchJob(config=self.plan.config, task=task, index=index, keep=keep, offered=tuple(offered.values()))

    def _settled(self, task: str) -> list[Program]:
        """What the task's batches so far settled on, if it worked anywhere: the newest of those that did best."""
        worked = [r for r in self._done[task] if r.program is not None and r.confirmed]
        best = max(worked, key=lambda r: (r.confirmed / r.attempted, r.index), default=None)
        return [best.program] if best is not None and best.program is not None else []
