"""A simulator process that dies costs its batch a retry, not the run; one that keeps dying is recorded."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest

from assets.catalog import LibraryCatalog
from flows.config import RunConfig
from flows.folder import RunFolder, open_folder
from flows.jobs import BatchJob
from flows.notices import Notice
from flows.plan import make_plan
from flows.worker_process import Kind
from flows.workers import WorkerPool

KINEMATIC = Kind("kinematic", "cpu")


@pytest.fixture
def folder(tmp_path: Path, smoke: RunConfig) -> RunFolder:
    return open_folder(tmp_path / "out", smoke, library="test")


@pytest.fixture(scope="module")
def job(smoke: RunConfig) -> BatchJob:
    plan = make_plan(smoke, LibraryCatalog())
    return BatchJob(config=smoke, task=plan.drawn()[0], index=0, keep=1)


class Assassin:
    """Kills the worker with SIGKILL when a batch reaches ``stage``, at most ``times`` times."""

    def __init__(self, stage: str, times: int) -> None:
        self.stage, self.times = stage, times
        self.pool: WorkerPool | None = None

    def __call__(self, notice: Notice) -> None:
        if notice.stage == self.stage and self.times and self.pool:
            self.times -= 1
            victim = psutil.Process(self.pool.pids[0])
            victim.kill()
            while victim.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)


def pool_with(assassin: Assassin, folder: RunFolder) -> WorkerPool:
    assassin.pool = WorkerPool(folder.logs, workers=1, warm=[KINEMATIC])
    return assassin.pool


def test_a_killed_worker_is_replaced_and_its_batch_ends_as_if_nothing_had_been(folder, job, undisturbed) -> None:
    assassin = Assassin("validate", times=1)
    with pool_with(assassin, folder) as pool:
        first = pool.pids
        report = pool.run(job, folder, listener=assassin)
        assert pool.pids != first
    _, out = undisturbed
    quiet = RunFolder(out).finished(job)
    assert quiet is not None
    assert report.model_copy(update={"seconds": {}}) == quiet.model_copy(update={"seconds": {}})


def test_a_batch_that_kills_every_worker_is_recorded_as_failed_and_not_tried_again(folder, job) -> None:
    assassin = Assassin("gate", times=9)
    with pool_with(assassin, folder) as pool:
        report = pool.run(job, folder, listener=assassin)
        assert report.status == "failed"
        assert "WorkerDiedError" in report.reasons[0]
        assert "signal 9" in report.reasons[0]
        again = pool.pids
        assert pool.run(job, folder) == report
        assert pool.pids == again


def test_leaving_the_pool_ends_its_processes(folder) -> None:
    with WorkerPool(folder.logs, workers=2, warm=[KINEMATIC]) as pool:
        pids = pool.pids
        assert all(psutil.pid_exists(pid) for pid in pids)
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_worker_is_recycled_after_its_batches(folder, job) -> None:
    job = job.model_copy(update={"config": job.config.model_copy(update={"solver": "nobody"})})
    with WorkerPool(folder.logs, workers=1, warm=[KINEMATIC], recycle_after=1) as pool:
        first = pool.pids
        assert "Unknown solver 'nobody'" in pool.run(job, folder).reasons[0]
        assert pool.pids == first
        pool.run(job.model_copy(update={"index": 1}), folder)
        assert pool.pids != first


def test_workers_are_single_threaded_before_they_import_an_engine(folder) -> None:
    with WorkerPool(folder.logs, workers=1, warm=[KINEMATIC]) as pool:
        deadline = time.monotonic() + 10
        while "OMP_NUM_THREADS" not in (seen := psutil.Process(pool.pids[0]).environ()) and time.monotonic() < deadline:
            time.sleep(0.05)
    assert (seen["OMP_NUM_THREADS"], seen["OMP_WAIT_POLICY"]) == ("1", "PASSIVE")
