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


def is_claimed(path: Path) -> bool:
    """Whether a living process holds the lock file ``path``."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def is_abandoned(path: Path) -> bool:
    """Whether a process of this machine claimed ``path`` last, and is gone; of other machines nothing is known."""
    try:
        holder = json.loads(path.read_bytes())["host"]
    except (OSError, ValueError, KeyError):
        return False
    return holder == socket.gethostname() and not is_claimed(path)
