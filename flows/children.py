"""Children: the generate-task runs of a batch, found again after a crash, started anew when they crash, never for ever.

Import it only once the environment says which server to use; see :mod:`flows.server`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import httpx
from prefect import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Cancelling, Completed, Crashed, Scheduled

from flows.claim import is_abandoned, is_claimed
from flows.config import RunConfig
from flows.flow_runs import MAX_STARTS, tags_of
from flows.folder import RunFolder
from flows.generate_task import task_claim
from pipeline.core.errors import TaskloomError
from pipeline.core.task import TaskSpec

Result = TypeVar("Result")
POLL_SECONDS = 1.0
RETRY_SECONDS = 3.0
PAGE = 200  # runs that the server lists at once
PENDING_SECONDS = 120.0  # after which a run that a worker took and did not start is given to another
CRASHED_SECONDS = 20.0  # an automation may start it again first; where there is none, we do
LIFELESS_SECONDS = 30.0  # a running child whose process is gone this long has crashed, whatever its state says
UNREACHABLE_SECONDS = 600.0  # a server that is away for longer ends the batch


@dataclass
class Child:
    """One run of generate-task."""

    id: UUID
    task: str
    lifeless: float | None = None  # monotonic seconds at which its process was first seen gone


@dataclass(frozen=True)
class Ended:
    """A task whose run came to an end, and why if that is not its regular one."""

    task: str
    problem: str = ""


class Children:
    """The runs that one batch has started, at most a window of them at once."""

    def __init__(self, parent: UUID, name: str, folder: RunFolder, config: RunConfig, logger: Any) -> None:
        self._parent, self._name, self._folder, self._config = parent, name, folder, config
        self._logger: logging.Logger = logger
        self._open: dict[UUID, Child] = {}

    def __len__(self) -> int:
        return len(self._open)

    def start(self, task: TaskSpec) -> None:
        """Schedule a run for a task; one that an earlier life of this batch has scheduled is taken up instead."""
        submit = partial(
            run_deployment,
            f"generate-task/{self._config.device}",
            parameters={"out": self._name, "task": task.name},
            tags=tags_of(self._config, [task.family]),
            idempotency_key=f"{self._parent}/{task.name}",
            timeout=0,
        )
        try:
            run: Any = self._patiently(submit)
        except ObjectNotFound:
            raise TaskloomError(
                f"The server has no deployment 'generate-task/{self._config.device}' to run tasks with. `taskloom up` "
                "makes it, or `prefect deploy --all` in the folder of prefect.yaml."
            ) from None
        self._open[run.id] = Child(run.id, task.name)

    def wait(self) -> list[Ended]:
        """Wait a moment; the runs that have come to an end since."""
        time.sleep(POLL_SECONDS)
        runs = self._patiently(partial(_read, self._open))
        return [e for child in list(self._open.values()) if (e := self._look(child, runs.get(child.id))) is not None]

    def close(self, missing: Collection[str]) -> None:
        """Runs that crashed and whose tasks are done all the same, all but ``missing``, have completed.

        A batch that is killed itself finds them done on disk when it begins again, and starts nothing for them.
        """
        for run in self._patiently(partial(_crashed, self._parent)):
            if run.parameters.get("task") not in missing:
                done = Completed(message="It crashed, and its work was found done.")
                self._patiently(partial(get_client(sync_client=True).set_flow_run_state, run.id, done, force=True))

    def _look(self, child: Child, run: FlowRun | None) -> Ended | None:
        if run is None or run.state is None:
            return self._end(child, "its run was deleted")
        kind = run.state.type
        if kind in (StateType.RUNNING, StateType.CANCELLING) and self._is_lifeless(child):
            state = Crashed if kind == StateType.RUNNING else Cancelled
            self._set(run, state(message="The process of this run is gone."), "its process is gone")
        elif kind == StateType.PENDING and _age(run) > PENDING_SECONDS:
            self._set(run, Scheduled(name="AwaitingRetry"), "a worker took it and did not start it")
        elif kind == StateType.CRASHED and is_claimed(task_claim(self._folder, child.task)):
            return None  # a late report of an earlier crash, while the next process is at work already
        elif kind == StateType.CRASHED and run.run_count < MAX_STARTS:
            if _age(run) > CRASHED_SECONDS:
                self._set(run, Scheduled(name="AwaitingRetry"), f"it crashed in start {run.run_count}")
        elif kind == StateType.COMPLETED:
            return self._end(child)
        elif run.state.is_final():
            return self._end(child, f"{run.state.name}: {run.state.message or 'no reason given'}")
        return None

    def _end(self, child: Child, problem: str = "") -> Ended:
        del self._open[child.id]
        return Ended(child.task, problem)

    def _is_lifeless(self, child: Child) -> bool:
        """Whether its process was one of this machine and has been gone for a while."""
        if not is_abandoned(task_claim(self._folder, child.task)):
            child.lifeless = None
            return False
        child.lifeless = child.lifeless or time.monotonic()
        return time.monotonic() - child.lifeless > LIFELESS_SECONDS

    def _set(self, run: FlowRun, state: Any, why: str) -> None:
        self._logger.warning("%s: %s; it is now %s", run.name, why, state.name)
        self._patiently(partial(get_client(sync_client=True).set_flow_run_state, run.id, state, force=True))
        self._open[run.id].lifeless = None

    def _patiently(self, call: Callable[[], Result]) -> Result:
        """What a request returns; it is repeated while the server is away, for it may be starting again."""
        began = time.monotonic()
        while True:
            try:
                return call()
            except httpx.HTTPError as error:
                refused = isinstance(error, httpx.HTTPStatusError) and not error.response.is_server_error
                if refused or time.monotonic() - began > UNREACHABLE_SECONDS:
                    raise
                self._logger.warning("The server does not answer, still waiting: %s", error or type(error).__name__)
                time.sleep(RETRY_SECONDS)


def cancel_children(flow: Any, flow_run: FlowRun, state: Any) -> None:
    """A hook: a batch that is cancelled ends its tasks, those that wait and those that are at work."""
    del flow, state
    unfinished = FlowRunFilterStateType(any_=[StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING])
    client = get_client(sync_client=True)
    for run in client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[flow_run.id]),
            state=FlowRunFilterState(type=unfinished),
        ),
        limit=PAGE,
    ):
        at_work = run.state is not None and run.state.type in (StateType.RUNNING, StateType.PENDING)
        told = f"The batch {flow_run.name!r} was cancelled."
        client.set_flow_run_state(run.id, Cancelling(message=told) if at_work else Cancelled(message=told))


def _read(ids: Iterable[UUID]) -> dict[UUID, FlowRun]:
    client, wanted, found = get_client(sync_client=True), list(ids), dict[UUID, FlowRun]()
    for first in range(0, len(wanted), PAGE):
        some = FlowRunFilter(id=FlowRunFilterId(any_=wanted[first : first + PAGE]))
        found |= {run.id: run for run in client.read_flow_runs(flow_run_filter=some, limit=PAGE)}
    return found


def _crashed(parent: UUID) -> list[FlowRun]:
    which = FlowRunFilter(
        parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[parent]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CRASHED])),
    )
    return get_client(sync_client=True).read_flow_runs(flow_run_filter=which, limit=PAGE)


def _age(run: FlowRun) -> float:
    """Seconds since the run came into its state."""
    assert run.state is not None
    return (datetime.now(UTC) - run.state.timestamp).total_seconds()
