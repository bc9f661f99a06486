"""A harvest from disk ends like the straight line, in whatever order tasks are worked on, and after crashes."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from flows.config import RunConfig
from flows.folder import RunFolder
from flows.harvest import Harvest
from flows.jobs import Attempt, BatchJob, BatchReport, Status
from flows.plan import Candidate, Plan
from flows.rounds import Rounds
from pipeline.core.task import TaskObject, TaskSpec


def a_plan(tasks: int = 4) -> Plan:
    config = RunConfig(preset="smoke", tasks=tasks, demos=4, rounds=3)
    objects = (TaskObject(name="cube", asset="block_red"),)
    specs = [
        TaskSpec(name=f"t{i}", family="push", instruction="Do it.", objects=objects, goal="(at_rest cube)")
        for i in range(2 * tasks)
    ]
    return Plan(config=config, candidates=tuple(Candidate(task=spec) for spec in specs))


def fate(job: BatchJob) -> BatchReport:
    """Fixed for each batch: the first task is rejected, others need several rounds."""
    status: Status = "rejected" if (job.task.name, job.index) in (("t0", 0), ("t4", 0)) else "done"
    written = min(random.Random(job.name).randrange(5), job.keep) if status == "done" else 0
    attempts = tuple(Attempt(row=row, solved=row < written, written=row < written) for row in range(4))
    head = {"job": job.digest, "task": job.task.name, "family": job.task.family, "index": job.index}
    return BatchReport(**head, status=status, attempts=attempts if status == "done" else ())


def work_off(task: str, plan: Plan, folder: RunFolder, *, batches: int = 99) -> None:
    """What the process of one task leaves, or one that is killed after some batches."""
    candidate = next(c for c in plan.candidates if c.task.name == task)
    rounds = Rounds(plan.model_copy(update={"candidates": (candidate,)}))
    due = rounds.start()
    while due and batches:
        folder.batch(due[0]).mkdir(parents=True, exist_ok=True)
        folder.commit(due[0], report := fate(due[0]))
        due, batches = rounds.record(report), batches - 1


def straight(plan: Plan) -> list[tuple[str, int, int]]:
    rounds = Rounds(plan)
    due = rounds.start()
    while due:
        due += rounds.record(fate(due.pop(0)))
    return told(rounds.reports)


def told(reports: tuple[BatchReport, ...]) -> list[tuple[str, int, int]]:
    return [(r.task, r.index, r.written) for r in reports]


@pytest.mark.parametrize("order", range(6))
def test_any_order_of_processes_and_crashes_ends_like_the_straight_line(order: int, tmp_path: Path) -> None:
    plan, folder, pick = a_plan(), RunFolder(tmp_path), random.Random(order)
    harvest = Harvest(plan, folder)
    waiting = harvest.start()
    assert sorted(waiting) == ["t0", "t1", "t2", "t3"]
    while waiting:
        task = waiting.pop(pick.randrange(len(waiting)))
        work_off(task, plan, folder)
        waiting += harvest.gather(task)
        if pick.random() < 0.3:  # the harvester is killed, and its successor begins with what is on disk
            harvest = Harvest(plan, folder)
            waiting = harvest.start()
    assert harvest.missing == {}
    assert told(harvest.reports) == straight(plan)


def test_a_task_that_was_broken_off_is_missing_and_what_it_wrote_counts(tmp_path: Path) -> None:
    plan, folder = a_plan(), RunFolder(tmp_path)
    harvest = Harvest(plan, folder)
    waiting = harvest.start()
    broken = next(t for t in waiting if len([r for r in straight(plan) if r[0] == t]) > 1)
    while waiting:
        task = waiting.pop()
        work_off(task, plan, folder, batches=1 if task == broken else 99)
        waiting += harvest.gather(task)
    assert list(harvest.missing) == [broken]
    assert harvest.missing[broken].index == 1
    assert [r for r in told(harvest.reports) if r[0] == broken] == [r for r in straight(plan) if r[0] == broken][:1]
