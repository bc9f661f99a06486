"""Claims: an operating-system lock on a piece of work, which ends with the process that holds it, however that ends."""

from __future__ import annotations

import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Hold the lock file ``path``, and wait as long as a living process holds it; the file stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"host": socket.gethostname(), "pid": os.getpid()}).encode(), 0)
        yield
    finally:
        os.close(handle)


def abandoned(path: Path) -> bool:
    """Whether the last process that claimed ``path`` was one of this machine, and no longer holds it."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return json.loads(os.pread(handle, 500, 0))["host"] == socket.gethostname()
    except (OSError, ValueError, KeyError):
        return False
    finally:
        os.close(handle)
