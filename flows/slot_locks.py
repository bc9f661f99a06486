"""Slot locks: one file a slot, locked as long as the host or a simulator process of that slot lives."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from pipeline.core.errors import OutputError

ORPHAN_SECONDS = 60.0
"""A simulator process notices within a moment that its host is gone, but a long call into an engine can hold it up."""


def hold_slots(socket: Path, count: int, *, seconds: float = ORPHAN_SECONDS) -> list[int]:
    """File descriptors of ``count`` locked files beside a socket, to be handed to the processes of the slots.

    Waits for the processes of an earlier host, which hold them too; raises :class:`OutputError` if they do not end.
    """
    deadline = time.monotonic() + seconds
    held: list[int] = []
    try:
        for number in range(count):
            path = socket.with_name(f"{socket.name}.slot-{number}")
            held.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            _lock(held[-1], path, deadline)
    except BaseException:
        for lock in held:
            os.close(lock)
        raise
    return held


def _lock(handle: int, path: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise OutputError(
                    f"A simulator process of an earlier engine host still holds {str(path)!r}. "
                    "End it (`fuser` on that file names it), then start the host again."
                ) from None
            time.sleep(0.1)
        else:
            return
