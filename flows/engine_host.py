"""EngineHost: the simulator processes of one device, kept warm behind a Unix socket for every run of the machine."""

from __future__ import annotations

import os
import socket
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import TracebackType

from flows.devices import check_device, pinned, serves
from flows.engine_messages import (
    SEND_SECONDS,
    STILL_HERE_SECONDS,
    Done,
    Failure,
    HostStatus,
    HungUpError,
    Line,
    News,
    RunRequest,
    SlotStatus,
    StillHere,
    read_request,
)
from flows.folder import RunFolder
from flows.jobs import BatchReport
from flows.notices import Notice
from flows.slot_locks import hold_slots
from flows.sockets import OwnedSocket, peer
from flows.turns import NotWantedError
from flows.worker_process import Kind
from flows.workers import RECYCLE_AFTER, WorkerPool, default_workers
from pipeline.core.errors import InvalidInputError, TaskloomError
from pipeline.core.secrecy import without_secrets

MAX_CLIENTS = 512
ROOT_USER = 0


@dataclass(frozen=True)
class HostOptions:
    """How a host is set up; jobs of folders outside ``root``, if there is one, are refused."""

    socket: Path
    slots: int = field(default_factory=default_workers)
    device: str = "cpu"
    root: Path | None = None
    logs: Path | None = None
    warm: Sequence[str] = ()
    recycle_after: int = RECYCLE_AFTER

    @property
    def name(self) -> str:
        """What the host's processes are called in logs."""
        return f"engine-{check_device(self.device).replace(':', '')}"


class EngineHost:
    """A context that listens; :meth:`serve` answers until it is stopped.

    Jobs wait for one of ``slots`` places, first come first served and fair between client processes. A job that is
    asked for twice is done once. The simulator processes end with the host, and a host begins only when those of an
    earlier one on the same socket have ended: there are never more than ``slots``.
    """

    def __init__(self, options: HostOptions) -> None:
        self.options = options
        self._clients: set[Line] = set()
        self._stopped = threading.Event()
        self._done = 0

    def __enter__(self) -> EngineHost:
        options = self.options
        env = pinned(options.device)
        self._socket = OwnedSocket(options.socket)
        try:
            logs = options.logs or self._socket.path.parent / "logs"
            logs.mkdir(parents=True, exist_ok=True)
            self._locks = hold_slots(self._socket.path, options.slots)
            self._pool = WorkerPool(
                logs,
                options.slots,
                warm=[Kind(backend, options.device.partition(":")[0]) for backend in options.warm],
                recycle_after=options.recycle_after,
                name=options.name,
                extra_env=env,
                inherited={slot: (lock,) for slot, lock in enumerate(self._locks)},
            )
            self._pool.__enter__()
        except BaseException:
            self._socket.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._pool.__exit__(kind, value, trace)
        for lock in self._locks:
            os.close(lock)
        self._socket.close()

    def serve(self) -> None:
        """Answer clients, each in a thread of its own, until the process is interrupted."""
        while True:
            connection, _ = self._socket.listener.accept()
            if peer(connection)[1] not in (os.getuid(), ROOT_USER) or len(self._clients) >= MAX_CLIENTS:
                connection.close()
                continue
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def status(self) -> HostStatus:
        """What the host does at this moment."""
        slots = [
            SlotStatus(slot=number, at_work=None if job is None else job.name)
            if process is None
            else SlotStatus(
                slot=number,
                pid=process.pid,
                backend=process.kind.backend,
                jobs=process.jobs,
                at_work=None if job is None else job.name,
            )
            for number, process, job in self._pool.look()
        ]
        return HostStatus(
            version=version("taskloom"),
            pid=os.getpid(),
            device=self.options.device,
            slots=tuple(slots),
            waiting=self._pool.waiting,
            done=self._done,
        )

    def _converse(self, connection: socket.socket) -> None:
        connection.settimeout(SEND_SECONDS)
        client, _ = peer(connection)
        line = Line(connection)
        self._clients.add(line)
        try:
            self._answer(line, str(client))
        except (HungUpError, NotWantedError):
            return
        finally:
            self._clients.discard(line)
            line.close()

    def _answer(self, line: Line, client: str) -> None:
        try:
            request = read_request(line.receive())
            line.send(Done(report=self._run(request, line, client)) if request.kind == "run" else self.status())
        except (HungUpError, NotWantedError):
            raise
        except Exception as error:
            if self._stopped.is_set():
                return  # the client hears nothing more, and asks the next host
            if not isinstance(error, TaskloomError):
                sys.stderr.write(without_secrets(traceback.format_exc()))
            line.send(Failure(type=type(error).__name__, message=without_secrets(str(error))))

    def _run(self, request: RunRequest, line: Line, client: str) -> BatchReport:
        job = request.job
        folder = self._folder(request.out)
        if not serves(self.options.device, job.config.device):
            raise InvalidInputError(
                f"This engine host serves the device {self.options.device!r}, the job asks for {job.config.device!r}. "
                f"Ask another host, or start one with --device {job.config.device}."
            )

        def tell(notice: Notice) -> None:
            try:
                line.send(News(notice=notice))
            except HungUpError:
                return  # the job goes on: its report on disk is what counts

        with _still_here(line):
            report = self._pool.run(job, folder, listener=tell, client=client, wanted=line.is_open)
        self._done += 1
        return report

    def _folder(self, out: str) -> RunFolder:
        """The run's folder, if a job may be done there."""
        place, root = Path(out).resolve(), self.options.root
        if root is not None and not place.is_relative_to(root.resolve()):
            raise InvalidInputError(f"The folder {out!r} is outside {str(root)!r}, where runs of this host must be.")
        if not Path(out).is_absolute() or not (place / "run.json").is_file():
            raise InvalidInputError(f"The folder {out!r} holds no Taskloom run that this engine host can see.")
        return RunFolder(place)


@contextmanager
def _still_here(line: Line) -> Iterator[None]:
    """Within, the client hears now and then that it has not been forgotten."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(STILL_HERE_SECONDS):
            try:
                line.send(StillHere())
            except HungUpError:
                return

    threading.Thread(target=repeat, daemon=True).start()
    try:
        yield
    finally:
        over.set()
