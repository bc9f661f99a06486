"""Which batches run depends on what was reported, never on the order in which it was."""

from __future__ import annotations

import random

import pytest

from flows.config import RunConfig
from flows.jobs import Attempt, BatchJob, BatchReport, Status
from flows.plan import Candidate, Plan
from flows.rounds import Rounds
from pipeline.core.program import Program, Stage
from pipeline.core.task import Family, TaskObject, TaskSpec
from task_gen.reasons import Reason

NO = Reason(code="contradiction", message="no")


def a_task(name: str, family: Family = "push") -> TaskSpec:
    objects = (TaskObject(name="cube", asset="block_red"),)
    return TaskSpec(name=name, family=family, instruction="Do it.", objects=objects, goal="(at_rest cube)")


def a_plan(*names: str, tasks: int, demos: int = 4, rounds: int = 3, bad: tuple[str, ...] = ()) -> Plan:
    config = RunConfig(preset="smoke", tasks=tasks, demos=demos, rounds=rounds)
    return Plan(
        config=config,
        candidates=tuple(Candidate(task=a_task(n), reasons=(NO,) if n in bad else ()) for n in names),
    )


def a_report(job: BatchJob, written: int, status: Status = "done") -> BatchReport:
    attempts = tuple(Attempt(row=row, solved=row < written, written=row < written) for row in range(8))
    return BatchReport(
        job=job.digest,
        task=job.task.name,
        family=job.task.family,
        index=job.index,
        status=status,
        attempts=attempts if status == "done" else (),
    )


def test_a_task_gets_batches_until_it_has_its_demonstrations() -> None:
    rounds = Rounds(a_plan("a", tasks=1))
    (first,) = rounds.start()
    (second,) = rounds.record(a_report(first, written=3))
    assert (second.index, second.keep) == (1, 1)
    assert rounds.record(a_report(second, written=1)) == []


def test_a_task_that_never_succeeds_stops_after_its_rounds() -> None:
    rounds = Rounds(a_plan("a", tasks=1, rounds=2))
    (job,) = rounds.start()
    (job,) = rounds.record(a_report(job, written=0))
    assert rounds.record(a_report(job, written=0)) == []


def test_a_batch_that_broke_counts_as_a_round() -> None:
    rounds = Rounds(a_plan("a", tasks=1, rounds=2))
    (job,) = rounds.start()
    (job,) = rounds.record(a_report(job, written=0, status="failed"))
    assert (job.index, job.keep) == (1, 4)


def test_a_rejected_task_is_replaced_by_the_next_of_its_family() -> None:
    plan = a_plan("a", "b", "c", tasks=1, bad=("b",))
    rounds = Rounds(plan)
    (job,) = rounds.start()
    (job,) = rounds.record(a_report(job, written=0, status="rejected"))
    assert (job.task.name, job.index) == ("c", 0)
    assert rounds.record(a_report(job, written=0, status="rejected")) == []


def test_a_later_rejection_is_just_a_batch_without_demonstrations() -> None:
    rounds = Rounds(a_plan("a", "spare", tasks=1))
    (job,) = rounds.start()
    (job,) = rounds.record(a_report(job, written=1))
    (job,) = rounds.record(a_report(job, written=0, status="rejected"))
    assert (job.task.name, job.index, job.keep) == ("a", 2, 3)


def outcome_of(job: BatchJob) -> tuple[int, Status]:
    """A fixed fate for each batch: some tasks are rejected, others need several rounds."""
    luck = random.Random(f"{job.task.name}/{job.index}").randrange(6)
    if luck == 0 and job.index == 0:
        return 0, "rejected"
    return min(luck, job.keep), "done"


@pytest.mark.parametrize("order", range(12))
def test_the_order_of_completion_changes_nothing(order: int) -> None:
    plan = a_plan(*(f"t{i}" for i in range(16)), tasks=8)

    def work_off(pick: random.Random) -> list[tuple[str, int, int]]:
        rounds = Rounds(plan)
        due = rounds.start()
        while due:
            job = due.pop(pick.randrange(len(due)))
            written, status = outcome_of(job)
            due += rounds.record(a_report(job, written, status))
        return [(r.task, r.index, r.written) for r in rounds.reports]

    assert work_off(random.Random(order)) == work_off(random.Random(99))


def a_program(lift: float) -> Program:
    return Program(stages=(Stage(skill="pick", body="cube", parameters={"lift": lift}),))


def test_a_later_batch_starts_from_what_earlier_ones_settled_on_and_what_the_memory_offers() -> None:
    plan = a_plan("a", tasks=1)
    remembered, settled = a_program(0.2), a_program(0.1)
    candidates = tuple(c.model_copy(update={"offered": (remembered,)}) for c in plan.candidates)
    rounds = Rounds(plan.model_copy(update={"candidates": candidates}))
    (job,) = rounds.start()
    assert job.offered == (remembered,)
    confirmed = tuple(Attempt(row=i, solved=i < 2, program=settled.digest) for i in range(4))
    report = a_report(job, written=1).model_copy(update={"program": settled, "attempts": confirmed})
    (job,) = rounds.record(report)
    assert job.offered == (settled, remembered)


def test_a_program_that_no_predicate_confirmed_is_not_passed_on() -> None:
    rounds = Rounds(a_plan("a", tasks=1))
    (job,) = rounds.start()
    other = tuple(Attempt(row=i, solved=True, program="another") for i in range(4))
    (job,) = rounds.record(a_report(job, written=1).model_copy(update={"program": a_program(0.1), "attempts": other}))
    assert job.offered == ()
