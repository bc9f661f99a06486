"""Harvest: which tasks of a plan still need somebody to demonstrate them, judged by what is on disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from flows.folder import RunFolder
from flows.jobs import BatchJob, BatchReport
from flows.plan import Plan
from flows.rounds import Rounds


class Harvest:
    """The reports of a run whose tasks are demonstrated by other processes, each of which works off one task.

    :meth:`start` says which tasks are due; :meth:`gather` reads what a process has left of its task, and says which
    task stands in for it if the dynamic gate rejected it. Which tasks those are depends on the reports alone, never on
    who wrote them when, so a harvest that is begun anew after a crash ends in the same way.
    """

    def __init__(self, plan: Plan, folder: RunFolder) -> None:
        self._folder, self._rounds = folder, Rounds(plan)
        self._open: dict[str, BatchJob] = {}

    def start(self) -> list[str]:
        """Names of the tasks that are not finished on disk."""
        return self._follow(self._rounds.start())

    def gather(self, task: str) -> list[str]:
        """Record what is on disk of ``task``; names of the tasks that are due in its place, none for most."""
        return [name for name in self._follow([self._open.pop(task)]) if name != task]

    @property
    def missing(self) -> dict[str, BatchJob]:
        """The batch at which each unfinished task stands."""
        return dict(self._open)

    @property
    def reports(self) -> tuple[BatchReport, ...]:
        """Everything recorded, in plan order."""
        return self._rounds.reports

    def _follow(self, jobs: Iterable[BatchJob]) -> list[str]:
        """Record what is finished, and what that makes due, until only unfinished jobs are left."""
        due, names = deque(jobs), list[str]()
        while due:
            job = due.popleft()
            report = self._folder.finished(job)
            if report is None:
                self._open[job.task.name] = job
                names.append(job.task.name)
            else:
                due += self._rounds.record(report)
        return names
