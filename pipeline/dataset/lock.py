"""The lock of a dataset: one writer at a time, and none held by a process that is gone."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.core.errors import DatasetLockedError, OutputError

_SUFFIX = ".lock"


@contextmanager
def writer_lock(dataset: Path) -> Iterator[None]:
    """Hold the lock of ``dataset``, the file ``<name>.lock`` beside it, which is gone afterwards.

    It is the operating system's (flock), so it ends with the process that holds it, however that ends. Raises
    :class:`DatasetLockedError` naming the holder when another process has it, :class:`OutputError` when the file
    cannot be made.
    """
    path = dataset.with_name(dataset.name + _SUFFIX)
    handle = _acquire(path, dataset)
    try:
        yield
    finally:
        with suppress(OSError):  # it may have become unwritable; an unlocked file is in nobody's way
            path.unlink()
        os.close(handle)


def _acquire(path: Path, dataset: Path) -> int:
    """An open, locked handle on the file that is at ``path`` now: a former holder may just have removed another."""
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise OutputError(f"Cannot write {str(path)!r}, the lock of the dataset: {error.strerror}.") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(handle, 200, 0).decode(errors="replace").strip() or "a process that gives no name"
            os.close(handle)
            raise DatasetLockedError(
                f"{str(dataset)!r} is being written by {holder}. Wait until it is done, or stop it; the lock "
                f"{str(path)!r} goes with its process."
            ) from None
        if _is_at(handle, path):
            break
        os.close(handle)
    with suppress(OSError):  # a full disk: the lock holds all the same, it only names nobody
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
    return handle


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False
