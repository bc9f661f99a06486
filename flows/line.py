"""The straight line, free of Prefect: what happens in which order, from a configuration to a dataset and a report.

    propose -> static gate -> batches of attempts on each task, until it has its demonstrations -> pack -> report

and inside a batch (:func:`run_batch`, in a simulator process):

    build scenes and settle them -> dynamic gate -> solve -> replay, validate, render -> write the part -> commit

What ends up in the dataset depends on the configuration alone: a batch is a pure function of its job, and the next
batch of a task depends only on that task's earlier ones.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from assets.variants import Adopting
from flows.config import RANDOMISATIONS, RunConfig, film_channels
from flows.experience import keep_experience
from flows.filming import Filmed, keep_pictures
from flows.folder import RunFolder
from flows.jobs import Attempt, BatchJob, BatchReport, failed
from flows.notices import Listener, Notice, silence
from flows.packing import pack_parts
from flows.plan import Plan, make_plan
from flows.posing import Posed, lay_out, pose
from flows.refining import given_memory, keep_learned
from flows.report import RunReport, report_of
from flows.rounds import Rounds
from flows.solving import solve
from flows.stages import provenance_of
from pipeline.core.doors import Catalog, Problem, Simulator, Unplaceable
from pipeline.core.episode import Episode, Outcome, Provenance
from pipeline.core.errors import AssetError, RenderingError
from pipeline.core.streams import stream_seed
from pipeline.core.task import TaskSpec
from pipeline.dataset.part import write_part
from pipeline.source_rules import source_holds
from pipeline.validate import Validation, validate
from scene_gen.builder import TabletopBuilder
from scene_gen.variation import Variation
from task_gen.reasons import Reason, sentences

Result = TypeVar("Result")


class Runner(Protocol):
    """How steps and jobs are carried out: in this process, in simulator processes, under Prefect."""

    def call(self, name: str, step: Callable[[], Result]) -> Result:
        """Run one step of the line here and now."""
        ...

    def submit(self, job: BatchJob) -> None:
        """Begin a job; its report will come out of :meth:`next`."""
        ...

    def next(self) -> BatchReport:
        """Wait for any submitted job; raises what ended it if it left no report."""
        ...


@dataclass(frozen=True)
class Bench:
    """What a simulator process keeps warm."""

    catalog: Adopting
    simulator: Simulator


def run_line(config: RunConfig, folder: RunFolder, catalog: Catalog, runner: Runner) -> RunReport:
    """Run everything that is not done yet and leave ``dataset.zarr`` and ``report.json``."""
    began = time.perf_counter()
    plan = runner.call("propose and gate", lambda: make_plan(config, catalog, given_memory(folder)))
    reports = demonstrate(plan, runner)
    packed = runner.call("pack", lambda: pack_parts(plan, reports, folder))
    runner.call("remember", lambda: _remember(plan, reports, folder, catalog))
    return runner.call("report", lambda: report_of(plan, reports, folder, packed, seconds=time.perf_counter() - began))


def demonstrate(plan: Plan, runner: Runner) -> tuple[BatchReport, ...]:
    """Work off batches until every task has its demonstrations or has used up its rounds, in plan order."""
    rounds = Rounds(plan)
    due = rounds.start()
    open_jobs = len(due)
    for job in due:
        runner.submit(job)
    while open_jobs:
        due = rounds.record(runner.next())
        open_jobs += len(due) - 1
        for job in due:
            runner.submit(job)
    return rounds.reports


def run_batch(job: BatchJob, folder: RunFolder, bench: Bench, *, notice: Listener = silence) -> BatchReport:
    """Do one batch and commit it. A batch that breaks is committed as failed, with the reason.

    While another process works on it, wait and return what that leaves. Raises only what the next batch would meet
    too: :class:`OSError`, :class:`RenderingError`, :class:`AssetError`.
    """
    with folder.claim(job):
        return folder.finished(job) or _commit(job, folder, bench, notice)


def _commit(job: BatchJob, folder: RunFolder, bench: Bench, notice: Listener) -> BatchReport:
    part = folder.clear(job) / "part"
    batch = _Batch(job, bench, notice)
    try:
        report = batch.run(folder, lambda episodes: write_part(part, episodes, store=bench.catalog))
        report = batch.with_pictures(report, folder)
    except Unplaceable as error:
        refused = Reason(code="unplaceable", message=str(error), at="initial")
        report = failed(job, str(error)).model_copy(update={"status": "rejected", "refused": (refused,)})
    except (OSError, RenderingError, AssetError, MemoryError):
        raise
    except Exception as error:
        traceback.print_exc()
        folder.clear(job)
        report = failed(job, f"{type(error).__name__}: {error}")
    folder.commit(job, report)
    return report


class _Batch:
    """The stages of one batch, timed and announced."""

    def __init__(self, job: BatchJob, bench: Bench, listener: Listener) -> None:
        self.job, self.bench, self.listener = job, bench, listener
        self.seconds: dict[str, float] = {}
        self.rows: tuple[int, ...] = ()  # of the batch, for each scene that passed the gate
        self.filmed: Filmed | None = None

    def run(self, folder: RunFolder, write: Callable[[list[Episode]], object]) -> BatchReport:
        job, simulator = self.job, self.bench.simulator
        with self._stage("build"):
            builder = self._builder()
            laid = lay_out(job.task, builder, simulator, worlds=job.config.batch, seed=job.config.seed, index=job.index)
        with self._stage("gate"):
            posed = pose(job.task, laid, builder, simulator, seed=job.config.seed, index=job.index)
        built, problem, self.rows = len(laid.scenes), posed.problem, posed.rows
        if problem is None:
            return self._report("rejected", built=built, **_refusal(posed))
        with self._stage("solve", f"{len(problem.scenes)} worlds"):
            solved = solve(job, problem, folder, simulator=simulator, catalog=self.bench.catalog, tell=self._solving)
            solution, outcomes = solved.solution, solved.solution.outcomes
        with self._stage("validate", f"{sum(o.success for o in outcomes)} of {len(outcomes)} solved"):
            checked = self._validate(problem, outcomes)
        episodes = [self._numbered(v.episode, v.row) for v in checked if v.episode is not None]
        with self._stage("write", f"{len(episodes)} episodes"):
            if episodes:
                write(episodes)
        attempts = [self._attempt(i, outcome, checked) for i, outcome in enumerate(outcomes)]
        causes = tuple(a.diagnosis.cause for a in attempts)
        self.filmed = Filmed(problem, tuple(outcomes), causes, tuple(episodes), worlds=len(checked))
        learned = {"program": solution.program, "rounds": solution.rounds, "ways": solution.ways}
        model = {"asked": solved.asked, "failed_calls": solved.failed_calls}
        return self._report(
            "done", built=built, replayed=len(episodes), attempts=attempts, **learned, **model, **_refusal(posed)
        )

    def with_pictures(self, report: BatchReport, folder: RunFolder) -> BatchReport:
        """Keep what people will want to see; nothing else depends on it, so it comes last."""
        if self.filmed is None:
            return report
        with self._stage("picture"):
            keep_pictures(self.filmed, folder, self.job.index, self.bench.simulator)
        return report.model_copy(update={"seconds": self.seconds})

    def _builder(self) -> TabletopBuilder:
        """What the scenes of this batch have in common is drawn here, if anything is to differ between batches."""
        config, catalog = self.job.config, self.bench.catalog
        variation = None
        if config.randomise != "off":
            seed = stream_seed(config.seed, "randomise", self.job.task.name, self.job.index)
            variation = Variation(RANDOMISATIONS.get(config.randomise), seed, catalog)
        return TabletopBuilder(catalog, catalog.robot(config.robot), support=config.support, variation=variation)

    def _validate(self, problem: Problem, outcomes: Sequence[Outcome]) -> list[Validation]:
        """Replay successes in row order, only as many as are still wanted; a refuted one is replaced by the next."""
        waiting = [row for row, outcome in enumerate(outcomes) if outcome.success]
        checked: list[Validation] = []
        while waiting and (short := self.job.keep - sum(v.episode is not None for v in checked)) > 0:
            rows, waiting = waiting[:short], waiting[short:]
            checked += validate(
                self.bench.simulator,
                problem,
                outcomes,
                rows=rows,
                solver_name=self.job.config.solver,
                provenance=self._provenance(),
                channels=film_channels(self.job.config),
            )
        return checked

    def _provenance(self) -> Provenance:
        info = self.bench.simulator.info
        engine = f"{info.name} {info.version} on {info.device}"
        return provenance_of(self.job.config, engine, author=self.job.task.author, seed=self.job.config.seed)

    def _numbered(self, episode: Episode, index: int) -> Episode:
        """Counted among all attempts on the task."""
        return replace(episode, attempt=self.job.index * self.job.config.batch + self.rows[index])

    def _attempt(self, index: int, outcome: Outcome, checked: list[Validation]) -> Attempt:
        validation = next((v for v in checked if v.row == index), None)
        return Attempt(
            row=self.rows[index],
            solved=outcome.success,
            written=validation is not None and validation.episode is not None,
            steps=len(outcome.actions),
            program="" if outcome.program is None else outcome.program.digest,
            recoveries=outcome.recoveries,
            by_source=_by_source(self.job.task, outcome),
            diagnosis=validation.diagnosis if outcome.success and validation else outcome.diagnosis,
            lessons=outcome.lessons if outcome.success and not _refuted(validation) else (),
        )

    def _report(self, status: str, **values: object) -> BatchReport:
        job = self.job
        head = {"job": job.digest, "task": job.task.name, "family": job.task.family, "index": job.index}
        return BatchReport.model_validate({**head, "status": status, "seconds": self.seconds, **values})

    def _solving(self, news: str) -> None:
        self.listener(Notice(task=self.job.task.name, index=self.job.index, stage="solve", detail=news))

    @contextmanager
    def _stage(self, name: str, detail: str = "") -> Iterator[None]:
        self.listener(Notice(task=self.job.task.name, index=self.job.index, stage=name, detail=detail))
        began = time.perf_counter()
        yield
        self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - began, 3)


def _remember(plan: Plan, reports: Sequence[BatchReport], folder: RunFolder, catalog: Catalog) -> None:
    """Write down what later runs may begin with: how programs did, and how things were handled."""
    keep_learned(plan, reports, catalog, folder)
    keep_experience(plan, reports, catalog, folder)


def _refuted(validation: Validation | None) -> bool:
    """Whether a replay did not confirm what was claimed; what was not replayed stands as it was judged."""
    return validation is not None and validation.episode is None


def _refusal(posed: Posed) -> dict[str, object]:
    return {"reasons": sentences(posed.reasons), "refused": posed.reasons}


def _by_source(task: TaskSpec, outcome: Outcome) -> bool | None:
    """What the rules of an imported task's source say: they are met at one step or never, without holding."""
    if task.source is None or outcome.trace is None:
        return None
    met = source_holds(task.source, outcome.trace)
    return None if met is None else bool(met.any())
