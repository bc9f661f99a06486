"""The reaper: tells the server of flow runs whose process on this machine has ended without saying so.

Prefect leaves the run of a worker that was ended or killed in state Running. Every flow process of ours writes down
who it is (:mod:`flows.installation.flow_process`); when it is gone and its run is still open, the run is set to
Crashed, and the automation schedules it again. ``python -m flows.installation.reaper`` looks every few seconds, with
``--once`` now and never again.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter, WorkPoolFilter
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import AwaitingRetry, Cancelled, Crashed

from flows.flow_runs import RESUME
from flows.installation.home import this_home
from flows.installation.plan import POOLS, load_installation
from flows.installation.processes import ProcessId

LOOK_SECONDS = 3.0
GRACE = timedelta(seconds=6)
"""Between a process' end and our word for it: its worker, if it lives, says more about the end than we can."""

PENDING = timedelta(seconds=90)
"""A run that a worker took up and never began, because the worker ended, is given back after this."""

LATE = timedelta(seconds=60)
"""What the server has not heard of a task this long after its flow's end, it will not hear any more."""

FORGOTTEN, RECENT = timedelta(seconds=45), timedelta(days=1)
"""A run that crashed so long ago has been missed by the automation, as when the server was killed with the event in
hand; one that crashed before yesterday is left alone."""

OPEN = (StateType.RUNNING, StateType.PENDING, StateType.CANCELLING)


@dataclass
class Reaper:
    """Looks at the processes that are written down in ``folder``."""

    folder: Path
    client: SyncPrefectClient
    grace: timedelta = GRACE
    restarts: int = 0
    _missed: dict[UUID, datetime] = field(default_factory=dict)
    """Since when each run's process has been found gone."""

    def look(self) -> list[UUID]:
        """One round; the runs that were closed."""
        closed = list[UUID]()
        for file in self.folder.glob("*.json"):
            run, process = _read(file)
            if process is not None and process.alive:
                self._missed.pop(run, None)
            elif self._is_over(run):
                file.unlink(missing_ok=True)
                closed.append(run)
                self._missed.pop(run, None)
        return closed

    def release_pending(self) -> list[UUID]:
        """Give back runs that were taken up long ago and whose process is not here; the ones given back."""
        since = datetime.now(UTC) - PENDING
        pending = self.client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate({"state": {"type": {"any_": ["PENDING"]}}}),
            work_pool_filter=WorkPoolFilter.model_validate({"name": {"any_": list(POOLS)}}),
        )
        stuck = [r for r in pending if r.state is not None and r.state.timestamp < since and not self._lives(r.id)]
        for run in stuck:
            self._close(run, "Its worker ended before the run began.")
        return [run.id for run in stuck]

    def reschedule_forgotten(self) -> list[UUID]:
        """Schedule crashed runs again that the automation should have; the ones scheduled."""
        now = datetime.now(UTC)
        crashed = {"type": {"any_": ["CRASHED"]}}
        since = {"after_": (now - RECENT).isoformat()}
        runs = self.client.read_flow_runs(
            flow_run_filter=FlowRunFilter.model_validate(
                {"state": crashed, "tags": {"all_": [RESUME]}, "expected_start_time": since}
            )
        )
        found = [r for r in runs if r.state and r.state.timestamp < now - FORGOTTEN and r.run_count <= self.restarts]
        for run in found:
            self.client.set_flow_run_state(run.id, AwaitingRetry(message="It had crashed; it goes on."), force=True)
            _say(f"{run.name} ({run.id}): scheduled again")
        return [run.id for run in found]

    def close_left_task_runs(self) -> int:
        """Close task runs of flow runs that have ended; the server may hear of a task after its flow's end."""
        ended = {"before_": (datetime.now(UTC) - LATE).isoformat()}
        final = {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]}}
        left = self.client.read_task_runs(
            flow_run_filter=FlowRunFilter.model_validate({"state": final, "end_time": ended}),
            task_run_filter=TaskRunFilter.model_validate({"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}),
        )
        for task in left:
            self.client.set_task_run_state(task.id, Crashed(message="Its process ended."), force=True)
        return len(left)

    def _lives(self, run: UUID) -> bool:
        process = _read(self.folder / f"{run}.json")[1]
        return process is not None and process.alive

    def _is_over(self, run_id: UUID) -> bool:
        """Whether nothing needs to be known of the process any more; closes the run if it is time."""
        now = datetime.now(UTC)
        since = self._missed.setdefault(run_id, now)
        try:
            run = self.client.read_flow_run(run_id)
        except ObjectNotFound:
            return True
        if run.state is None or run.state.type not in OPEN:
            self._close_task_runs(run_id, since)
            return True
        if now - since < self.grace or run.state.timestamp > since or _may_begin(run, now):
            return False
        self._close(run, "Its process ended without a word.")
        self._close_task_runs(run_id, since)
        return True

    def _close(self, run: FlowRun, why: str) -> None:
        assert run.state is not None
        state = Cancelled(message=why) if run.state.type == StateType.CANCELLING else Crashed(message=why)
        self.client.set_flow_run_state(run.id, state, force=True)
        _say(f"{run.name} ({run.id}): {run.state.name} -> {state.name}. {why}")

    def _close_task_runs(self, run: UUID, since: datetime) -> None:
        """The task runs of a process that was killed would stay Running for ever."""
        wanted = TaskRunFilter.model_validate(
            {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}, "flow_run_id": {"any_": [str(run)]}}
        )
        for task in self.client.read_task_runs(task_run_filter=wanted):
            if task.state is not None and task.state.timestamp <= since:
                self.client.set_task_run_state(task.id, Crashed(message="Its process ended."), force=True)


def _may_begin(run: FlowRun, now: datetime) -> bool:
    """Whether the run may have been taken up again by a process that has yet to register."""
    assert run.state is not None
    return run.state.type == StateType.PENDING and now - run.state.timestamp < PENDING


def _read(file: Path) -> tuple[UUID, ProcessId | None]:
    try:
        return UUID(file.stem), ProcessId.model_validate_json(file.read_bytes())
    except (OSError, ValueError):
        return UUID(file.stem), None


def _say(words: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} {words}\n")
    sys.stderr.flush()


def main(arguments: list[str]) -> int:
    """Look for ever, or ``--once`` without grace."""
    home = this_home()
    once, installation = "--once" in arguments, load_installation(home)
    with get_client(sync_client=True) as client:
        grace = timedelta(0) if once else GRACE
        reaper = Reaper(home.flow_processes, client, grace=grace, restarts=installation.restarts)
        while True:
            try:
                reaper.look()
                if installation.serves and not once:
                    reaper.release_pending()
                    reaper.reschedule_forgotten()
                    reaper.close_left_task_runs()
            except httpx.HTTPError as error:
                _say(f"the server does not answer ({type(error).__name__})")
            if once:
                return 0
            time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
