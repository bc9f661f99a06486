"""A folder at a URL that fsspec opens: small reads and whole files, tried again when a server stumbles.

No message holds what a URL may carry besides its place: user names, passwords, keys and signatures are left out.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import fsspec

from pipeline.core.errors import TaskloomError, TransferError

T = TypeVar("T")
ATTEMPTS = 5
FIRST_PAUSE = 0.2  # s before the second attempt; doubles with each
BLOCK = 8 * 2**20  # bytes that are asked for at once; what a resumed download loses at most
EXTRAS = "pip install 'taskloom[remote]'"
WHOLE_PUTS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "adl", "oss", "memory"})
"""Stores in which an object appears whole or not at all; elsewhere a file is renamed into its place."""
FINAL = (FileNotFoundError, PermissionError, NotImplementedError, IsADirectoryError)
"""Errors that another attempt does not mend."""
_SECRET = re.compile(r"(://)[^/@\s'\"]*@")
_QUERY = re.compile(r"(://[^\s'\"?]*)\?[^\s'\"]*")
_FIELD = re.compile(r"(?i)((?:access[_-]?key|secret|token|password|signature|authorization)[\w-]*['\"]?\s*[=:]\s*)\S+")


def redacted(text: object) -> str:
    """The text without what is secret in the URLs and settings that it holds."""
    return _FIELD.sub(r"\1***", _QUERY.sub(r"\1", _SECRET.sub(r"\1", str(text))))


@contextlib.contextmanager
def discreet() -> Iterator[None]:
    """Errors of ours leave the body without secrets in their message, nor in the errors that caused them."""
    try:
        yield
    except TaskloomError as error:
        if redacted(error) == str(error) and redacted(repr(error.__cause__)) == repr(error.__cause__):
            raise
        raise TransferError(redacted(error)) from None


class Remote:
    """The folder at ``url``; raises :class:`TransferError` for a URL that nothing installed here can open."""

    def __init__(self, url: str, *, attempts: int = ATTEMPTS, pause: float = FIRST_PAUSE) -> None:
        self.name = redacted(url)
        if urlsplit(url).query:
            raise TransferError(
                f"{self.name!r} has a query; give the plain URL of the folder, keys by the environment."
            )
        self._attempts, self._pause = attempts, pause
        try:
            fs, path = fsspec.core.url_to_fs(url.rstrip("/"), **_settings(url))
        except ImportError as error:
            raise TransferError(f"{self.name!r} cannot be opened ({redacted(error)}); {EXTRAS}.") from None
        except ValueError as error:
            raise TransferError(f"{self.name!r} cannot be opened: {redacted(error)}.") from None
        self.fs: Any = fs
        self.root = str(path)
        if self.whole_puts and "/" not in self.root.strip("/"):
            raise TransferError(f"{self.name!r} is a whole bucket; name a folder in it, e.g. {self.name}/demo.zarr.")

    @property
    def whole_puts(self) -> bool:
        """Whether an upload that is cut short leaves the old object."""
        own = self.fs.protocol
        return not WHOLE_PUTS.isdisjoint({own} if isinstance(own, str) else set(own))

    def read(self, path: str) -> bytes | None:
        """The contents of a small file; None when there is none."""
        try:
            return self.attempt(f"reading {path!r}", lambda: bytes(self.fs.cat_file(self._at(path))))
        except FileNotFoundError:
            return None

    def write(self, path: str, content: bytes) -> None:
        """Put a small file; in a folder beside, a name that begins with ``../``, too."""
        self.attempt(f"writing {path!r}", lambda: self._put(path, lambda at: self.fs.pipe_file(at, content)))

    def upload(self, path: str, source: Path) -> None:
        """Put a file, whole or not at all."""
        self.attempt(f"sending {path!r}", lambda: self._put(path, lambda at: self.fs.put_file(str(source), at)))

    def state(self, path: str) -> tuple[int, str] | None:
        """Bytes of a file, and a mark that changes when it does (time, tag of the server); None without a file."""
        try:
            return self.attempt(f"looking at {path!r}", lambda: self._state(path))
        except FileNotFoundError:
            return None

    def remove(self, path: str) -> None:
        """Take a file away, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self.attempt(f"removing {path!r}", lambda: self.fs.rm_file(self._at(path)))

    def download(self, path: str, target: Path, *, size: int, heard: Callable[[int], None]) -> None:
        """Fetch a file of ``size`` bytes, from where a former call was cut short; ``heard`` is told of new bytes."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("ab") as file:
            if file.tell() > size:
                file.truncate(0)
            while (start := file.tell()) < size:
                stop = min(start + BLOCK, size)
                block = self.attempt(f"reading {path!r}", lambda a=start, b=stop: self._range(path, a, b))
                if len(block) == size and stop - start < size:  # a server that does not know ranges sends all of it
                    file.truncate(0)
                    start, stop = 0, size
                if len(block) != stop - start:
                    raise TransferError(f"{path!r} at {self.name!r} is shorter than the {size} bytes that are listed.")
                file.write(block)
                file.flush()
                heard(len(block))

    def digest(self, path: str, *, size: int) -> str:
        """The SHA-256 of a file as the server hands it out."""
        total = hashlib.sha256()
        for start in range(0, size, BLOCK):
            stop = min(start + BLOCK, size)
            total.update(self.attempt(f"reading {path!r}", lambda a=start, b=stop: self._range(path, a, b)))
        return total.hexdigest()

    def attempt(self, what: str, action: Callable[[], T]) -> T:
        """The action's value; server errors and broken connections are tried again, with longer and longer pauses."""
        for number in range(1, self._attempts + 1):
            try:
                return action()
            except FINAL as error:
                if isinstance(error, FileNotFoundError):
                    raise
                raise TransferError(f"{what} at {self.name!r} is not allowed: {redacted(error)}.") from None
            except Exception as error:  # each file system has errors of its own
                if number == self._attempts:
                    raise TransferError(
                        f"{what} at {self.name!r} failed {number} times, last with {type(error).__name__}: "
                        f"{redacted(error)}. What was done is kept; run the same command again to go on."
                    ) from None
                time.sleep(self._pause * 2 ** (number - 1))
        raise AssertionError("unreachable")

    def _range(self, path: str, start: int, stop: int) -> bytes:
        return bytes(self.fs.cat_file(self._at(path), start=start, end=stop)) if stop > start else b""

    def _state(self, path: str) -> tuple[int, str]:
        info = self.fs.info(self._at(path))
        told = {k: str(info[k]) for k in ("size", "ETag", "etag", "LastModified", "mtime", "created") if k in info}
        return int(info["size"]), hashlib.sha256(repr(sorted(told.items())).encode()).hexdigest()[:32]

    def _put(self, path: str, put: Callable[[str], object]) -> None:
        at = self._at(path)
        if self.whole_puts:
            put(at)
            return
        waiting = f"{self.root}.push/waiting-{hashlib.sha256(path.encode()).hexdigest()[:16]}"
        for place in (waiting, at):
            self.fs.makedirs(place.rpartition("/")[0], exist_ok=True)
        put(waiting)
        self.fs.mv(waiting, at)

    def _at(self, path: str) -> str:
        if path.startswith("../"):
            return f"{self.root.rpartition('/')[0]}/{path[3:]}"
        return f"{self.root}/{path}"


def _settings(url: str) -> dict[str, Any]:
    """Never an answer from memory: others write there, too."""
    return {"use_listings_cache": False} if urlsplit(url).scheme in ("s3", "s3a", "gs", "gcs", "http", "https") else {}
