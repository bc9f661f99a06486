"""What an engine host and its clients say to each other: one JSON object a line, checked on both sides, never code."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from flows.jobs import BatchJob, BatchReport
from flows.notices import Notice
from pipeline.core.errors import InvalidInputError, TaskloomError
from pipeline.core.geometry import Frozen

PROTOCOL = 1
MAX_LINE = 64 << 20  # bytes; a job carries its whole configuration, with up to 10,000 tasks
SEND_SECONDS = 30.0
"""A client that does not read, or has not asked, for so long is given up."""
STILL_HERE_SECONDS = 10.0
"""How often a host says to a waiting client that it lives."""
SILENCE_SECONDS = 90.0
"""A host that says nothing for so long is given up."""


class RunRequest(Frozen):
    """Do a job of the run in folder ``out``, or join in where it is being done."""

    kind: Literal["run"] = "run"
    protocol: int = PROTOCOL
    out: str = Field(max_length=4096, description="absolute path of the run's folder")
    job: BatchJob


class StatusRequest(Frozen):
    """Say what the host does."""

    kind: Literal["status"] = "status"
    protocol: int = PROTOCOL


Request = Annotated[RunRequest | StatusRequest, Field(discriminator="kind")]


class SlotStatus(Frozen):
    """One place at work."""

    slot: int
    pid: int | None = Field(default=None, description="of the simulator process; None before its first job")
    backend: str | None = Field(default=None, description="what the process keeps warm")
    jobs: int = Field(default=0, description="batches that the process has begun")
    at_work: str | None = Field(default=None, description="the batch it works on")


class HostStatus(Frozen):
    """What a host is and does."""

    kind: Literal["status"] = "status"
    protocol: int = PROTOCOL
    version: str = Field(description="of Taskloom")
    pid: int
    device: str
    slots: tuple[SlotStatus, ...]
    waiting: int = Field(description="jobs that wait for a slot")
    done: int = Field(default=0, description="jobs answered with a report since the host began")


class News(Frozen):
    """What a job is at."""

    kind: Literal["notice"] = "notice"
    notice: Notice


class Done(Frozen):
    """A job's report."""

    kind: Literal["report"] = "report"
    report: BatchReport


class Failure(Frozen):
    """A request that cannot be answered otherwise."""

    kind: Literal["error"] = "error"
    type: str = Field(description="class of the error")
    message: str


class StillHere(Frozen):
    """The host lives; said now and then."""

    kind: Literal["still here"] = "still here"


Reply = Annotated[HostStatus | News | Done | Failure | StillHere, Field(discriminator="kind")]
Message = RunRequest | StatusRequest | HostStatus | News | Done | Failure | StillHere
_requests: TypeAdapter[Request] = TypeAdapter(Request)
_replies: TypeAdapter[Reply] = TypeAdapter(Reply)


class HungUpError(TaskloomError):
    """The other side has closed the line, or does not read."""


class Line:
    """One connection, whole lines at a time; any thread may say something, one listens."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lines = connection.makefile("rb")
        self._saying = threading.Lock()

    def send(self, message: Message) -> None:
        """Say something; raises :class:`HungUpError`, and :class:`InvalidInputError` for what is too long."""
        data = message.model_dump_json().encode() + b"\n"
        if len(data) > MAX_LINE:
            raise InvalidInputError(f"A message of {len(data)} bytes; an engine host takes {MAX_LINE} at most.")
        try:
            with self._saying:
                self._connection.sendall(data)
        except OSError as error:
            raise HungUpError(f"The other side has hung up ({error}).") from None

    def receive(self) -> bytes:
        """The next line; raises :class:`HungUpError`, and :class:`InvalidInputError` for one that never ends."""
        try:
            line = self._lines.readline(MAX_LINE + 1)
        except OSError as error:
            raise HungUpError(f"The other side has hung up ({error}).") from None
        if len(line) > MAX_LINE:
            raise InvalidInputError(f"A message is longer than {MAX_LINE} bytes.")
        if not line.endswith(b"\n"):
            raise HungUpError("The other side has hung up.")
        return line

    def is_open(self) -> bool:
        """Whether the other side is still there; it has nothing to say while it waits for an answer."""
        try:
            watch = select.poll()
            watch.register(self._connection, select.POLLIN)
            return not watch.poll(0) or self._connection.recv(1, socket.MSG_PEEK) != b""
        except (OSError, ValueError):
            return False

    def hang_up(self) -> None:
        """End the conversation, also for a thread that listens at this moment."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Free the connection; for the thread that listens."""
        self._lines.close()
        self._connection.close()


def read_request(line: bytes) -> RunRequest | StatusRequest:
    """What a client asks; raises :class:`InvalidInputError` with where it does not fit."""
    try:
        request = _requests.validate_json(line)
    except ValidationError as error:
        raise InvalidInputError(f"No request that an engine host understands: {_first(error)}.") from None
    if request.protocol != PROTOCOL:
        raise InvalidInputError(
            f"The client speaks protocol {request.protocol}, this engine host {PROTOCOL}. "
            "Run the same version of Taskloom on both sides: restart the host."
        )
    return request


def read_reply(line: bytes) -> HostStatus | News | Done | Failure | StillHere:
    """What a host says; raises :class:`InvalidInputError`."""
    try:
        return _replies.validate_json(line)
    except ValidationError as error:
        raise InvalidInputError(f"The engine host's answer is not understood: {_first(error)}.") from None


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc'])) or 'message'}: {first['msg']}"
