"""State: what runs on this machine at the moment, written by the supervisor, read by every other command."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from pydantic import Field

from flows.installation.home import Home
from flows.installation.plan import Installation
from flows.installation.processes import ProcessId
from pipeline.core.errors import TaskloomError
from pipeline.core.files import write_atomically
from pipeline.core.geometry import Frozen

Phase = Literal["starting", "ready", "failed", "stopping"]


class UnitState(Frozen):
    """One process that the supervisor keeps."""

    name: str
    process: ProcessId | None = None
    restarts: int = 0
    said: str = Field(default="", description="why it last ended")

    @property
    def alive(self) -> bool:
        """Whether it runs now."""
        return self.process is not None and self.process.alive


class State(Frozen):
    """What is up."""

    phase: Phase
    supervisor: ProcessId
    installation: Installation
    step: str = Field(default="", description="what is being waited for")
    error: str = ""
    units: tuple[UnitState, ...] = ()

    def save(self, home: Home) -> None:
        """Replace the file whole."""
        write_atomically(home.state, self.model_dump_json(indent=1))


class NotUpError(TaskloomError):
    """There is no running installation."""

    def __init__(self, home: Home) -> None:
        super().__init__(f"Taskloom is not up in {str(home.root)!r}. Start it with `taskloom up`.")


def read_state(home: Home) -> State | None:
    """The last state written, whether or not its supervisor still lives."""
    try:
        return State.model_validate_json(home.state.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


def running_state(home: Home) -> State:
    """The state of a living installation; raises :class:`NotUpError`."""
    state = read_state(home)
    if state is None or not state.supervisor.alive:
        raise NotUpError(home)
    return state


@contextmanager
def locked(home: Home) -> Iterator[bool]:
    """Whether this process is the home's one supervisor; the lock ends with the process, however it ends."""
    with home.lock.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
