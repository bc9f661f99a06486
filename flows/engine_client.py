"""HostEngines: the engines of the machine's host, asked over its socket, and asked again when it was restarted."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from types import TracebackType

from flows.engine_messages import (
    SILENCE_SECONDS,
    Done,
    Failure,
    HostStatus,
    HungUpError,
    Line,
    News,
    RunRequest,
    StatusRequest,
    read_reply,
)
from flows.folder import RunFolder
from flows.jobs import BatchJob, BatchReport
from flows.notices import Listener, Notice, silence
from flows.sockets import check_path
from flows.worker_process import as_exception
from pipeline.core.errors import EngineHostError

HOST_VARIABLE = "TASKLOOM_ENGINE_HOST"
PATIENCE_VARIABLE = "TASKLOOM_ENGINE_WAIT"
PATIENCE_SECONDS = 120.0
"""How long a restart of the host may take."""
MOST_TRIES = 100
"""A host that ends so often during one job will not get it done."""
POLL_SECONDS = 0.2


class HostEngines:
    """Engines behind ``path``; ``workers`` is how many of its slots this run asks for at once, None for all.

    Leaving the context hangs up: a job that waits for a slot is given up, one at work goes on without us.
    """

    def __init__(
        self, folder: RunFolder, path: Path, *, workers: int | None = None, listener: Listener = silence
    ) -> None:
        self.folder, self.path, self.listener = folder, check_path(path), listener
        there = len(host_status(self.path).slots)
        self.slots = min(workers or there, there)
        self._open: set[Line] = set()
        self._closed = False

    def __enter__(self) -> HostEngines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        for line in tuple(self._open):
            line.hang_up()

    def run(self, job: BatchJob, *, listener: Listener = silence) -> BatchReport:
        """Have a job done; raises :class:`EngineHostError` when no host answers, or none lives long enough."""

        def tell(notice: Notice) -> None:
            self.listener(notice)
            listener(notice)

        for _ in range(MOST_TRIES):
            report = self.folder.finished(job)
            if report is not None:
                tell(Notice(task=job.task.name, index=job.index, stage=report.status, written=report.written))
                return report
            try:
                return self._ask(job, tell)
            except HungUpError:
                if self._closed:
                    raise
                tell(Notice(task=job.task.name, index=job.index, stage="restart", detail="of the engine host"))
                time.sleep(POLL_SECONDS)
        raise EngineHostError(
            f"The engine host at {str(self.path)!r} ended {MOST_TRIES} times during batch {job.name}. Read its log."
        )

    def _ask(self, job: BatchJob, tell: Listener) -> BatchReport:
        line = connect(self.path)
        self._open.add(line)
        try:
            line.send(RunRequest(out=str(self.folder.root.resolve()), job=job))
            while True:
                reply = read_reply(line.receive())
                if isinstance(reply, News):
                    tell(reply.notice)
                elif isinstance(reply, Done):
                    return reply.report
                elif isinstance(reply, Failure):
                    raise as_exception(reply.type, reply.message)
        finally:
            self._open.discard(line)
            line.close()


def host_status(path: Path, *, patience: float | None = None) -> HostStatus:
    """What the host at ``path`` does; raises :class:`EngineHostError` when none answers."""
    line = connect(path, patience=patience)
    try:
        line.send(StatusRequest())
        reply = read_reply(line.receive())
    except HungUpError as error:
        raise EngineHostError(f"The engine host at {str(path)!r} does not answer: {error}") from None
    finally:
        line.close()
    if isinstance(reply, Failure):
        raise as_exception(reply.type, reply.message)
    assert isinstance(reply, HostStatus)
    return reply


def connect(path: Path, *, patience: float | None = None) -> Line:
    """A line to the host, waiting up to ``patience`` seconds for one that is being started."""
    wait = _patience() if patience is None else patience
    deadline = time.monotonic() + wait
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(SILENCE_SECONDS)
        try:
            connection.connect(str(check_path(path)))
            return Line(connection)
        except OSError as error:
            connection.close()
            if isinstance(error, PermissionError) or time.monotonic() > deadline:
                raise EngineHostError(
                    f"No engine host answers at {str(path)!r} ({error.strerror or error}; waited {wait:.0f} s). Start "
                    f"one: taskloom engine-host --socket {path}; or unset {HOST_VARIABLE} for engines of the run's own."
                ) from None
        time.sleep(POLL_SECONDS)


def _patience() -> float:
    text = os.environ.get(PATIENCE_VARIABLE, "")
    try:
        return float(text) if text else PATIENCE_SECONDS
    except ValueError:
        raise EngineHostError(f"{PATIENCE_VARIABLE} is {text!r}; give a number of seconds.") from None
