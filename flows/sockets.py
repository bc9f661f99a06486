"""A Unix socket that one process serves: for its user alone, never two servers at once, stale files cleared away."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from pathlib import Path

from pipeline.core.errors import InvalidInputError, OutputError

MAX_PATH = 100  # bytes; the kernel's limit is 108 with the final zero
BACKLOG = 128


def check_path(path: Path) -> Path:
    """The absolute path of a socket; raises :class:`InvalidInputError` for one that the kernel cannot take."""
    whole = path.absolute()
    if len(os.fsencode(whole)) > MAX_PATH:
        raise InvalidInputError(
            f"The socket path {str(whole)!r} is longer than {MAX_PATH} bytes; choose a shorter one."
        )
    return whole


class OwnedSocket:
    """Listens on ``path`` until it is closed; the lock file beside it ends with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        self.path = check_path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(lock_of(self.path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise OutputError(f"Socket {str(self.path)!r} cannot be made: {error.strerror}. Choose another.") from None
        try:
            self._claim()
            self.listener = self._listen()
        except BaseException:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Stop listening and remove the socket, then let go of the lock."""
        self.listener.close()
        self.path.unlink(missing_ok=True)
        os.close(self._lock)

    def _claim(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 20, 0).decode(errors="replace").strip() or "unknown"
            raise OutputError(
                f"Process {holder} serves {str(self.path)!r} already. Use that one, end it, or choose another socket."
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)

    def _listen(self) -> socket.socket:
        if self.path.exists() and not self.path.is_socket():
            raise OutputError(f"{str(self.path)!r} exists and is no socket. Choose another path.")
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            listener.bind(str(self.path))
        except OSError as error:
            raise OutputError(f"Socket {str(self.path)!r} cannot be made: {error.strerror}. Choose another.") from None
        finally:
            os.umask(before)
        listener.listen(BACKLOG)
        return listener


def lock_of(path: Path) -> Path:
    """The lock file of a socket."""
    return path.with_name(path.name + ".lock")


def peer(connection: socket.socket) -> tuple[int, int]:
    """Process id and user id of the other side, as the kernel says."""
    size = struct.calcsize("3i")
    pid, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return pid, user
