"""Pushing: a dataset to a URL, only the files that differ, the commit mark last.

The order is that of a commit on disk: what grows first, then the root that lists it, then the shapes, then the mark. So
whoever reads the URL meanwhile sees the episodes that were there before, then all of them.

    <url>/...                 the dataset
    <url>.push/record.json    while a push is under way: what it has sent, so that the next one goes on
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from pipeline.core.errors import DatasetError, DatasetLockedError, OutputError, TransferError
from pipeline.core.geometry import Frozen
from pipeline.dataset.journal import MARK, recover, turn
from pipeline.dataset.lock import writer_lock
from pipeline.dataset.reader import DatasetReader
from pipeline.dataset.rootfile import ROOT_FILE, Manifest, entry, self_consistent
from pipeline.dataset.transfer.remote import Remote, discreet

THREADS = 4
RECORD = "record.json"
RECORD_EVERY = 1.0  # s between writes of the record of a push
Heard = Callable[[int, int], None]
"""Told of bytes that arrived, and of how many will arrive in all."""


class Transfer(Frozen):
    """What a push or pull has moved."""

    files: int = Field(description="sent or fetched")
    bytes: int
    kept: int = Field(description="files that were there already")
    removed: int = 0
    episodes: int


class SentRecord(Frozen):
    """What a push that is not finished has touched, and what of it arrived: size, SHA-256, the server's mark."""

    touched: tuple[str, ...]
    sent: dict[str, tuple[int, str, str]] = Field(default_factory=dict)


def push(
    dataset: Path, url: str, *, replace: bool = False, check: bool = False, heard: Heard | None = None
) -> Transfer:
    """Make ``url`` hold the same dataset as the folder ``dataset``; a push that was cut short goes on.

    What is there may be an earlier state of it, to which episodes were appended. Anything else is refused unless
    ``replace`` is given; then readers find no dataset until the new one is complete. ``check`` reads back everything
    that is already there, so that objects which were damaged at their place are sent again. Raises
    :class:`DatasetError` for files that are not what the dataset lists, :class:`TransferError` when the server fails.
    """
    with discreet(), _held(dataset):
        reader = DatasetReader(dataset)
        manifest = _manifest(dataset, reader)
        job = _Push(dataset, Remote(url), manifest, heard=heard or _deaf)
        stale = job.stale(reader, url, replace=replace)
        if stale:
            job.remote.remove(MARK)
        due = job.due(check=check)
        job.send(due)
        gone = job.clear([*stale]) if stale else 0
        size = sum(manifest[path][0] for path in due)
        return Transfer(files=len(due), bytes=size, kept=len(manifest) - len(due), removed=gone, episodes=len(reader))


class _Push:
    def __init__(self, dataset: Path, remote: Remote, manifest: Manifest, *, heard: Heard) -> None:
        self.dataset, self.remote, self.manifest, self._heard = dataset, remote, manifest, heard
        self._beside = f"../{remote.root.rpartition('/')[2]}.push/{RECORD}"
        self._record = self._read_record()
        self._lock, self._written = threading.Lock(), 0.0
        self._there = _listed(remote)

    def stale(self, reader: DatasetReader, url: str, *, replace: bool) -> list[str]:
        """Files of another dataset that is there and is to be replaced; refuses when it is not to be."""
        if not self._there or (self._record is None and self._there == self.manifest) or not self._foreign(reader, url):
            return []
        if not replace:
            raise TransferError(
                f"{self.remote.name!r} holds another dataset, or one with other episodes before those of "
                f"{str(self.dataset)!r}. Push to another URL, or replace it (--replace)."
            )
        return sorted(self._there.keys() - self.manifest.keys()) or [MARK]

    def due(self, *, check: bool) -> list[str]:
        """The files that are not there as they should be, in the order of sending."""
        sent, touched = ({}, ()) if self._record is None else (self._record.sent, self._record.touched)

        def missing(path: str) -> bool:
            size, sha = self.manifest[path]
            expected = path in sent and sent[path][:2] == (size, sha)
            if not expected and (path in touched or self._there.get(path) != [size, sha]):
                return True
            state = self.remote.state(path)
            if state is None or state[0] != size or (expected and state[1] != sent[path][2]):
                return True
            return check and self.remote.digest(path, size=size) != sha

        with ThreadPoolExecutor(THREADS) as pool:
            paths = sorted(self.manifest, key=turn)
            return [path for path, lacks in zip(paths, pool.map(missing, paths), strict=True) if lacks]

    def send(self, due: Sequence[str]) -> None:
        """Send the files in turn, several of a kind at once; remember what has arrived."""
        if not due:
            return
        kept = {} if self._record is None else {k: v for k, v in self._record.sent.items() if k not in due}
        self._save(SentRecord(touched=tuple(due), sent=kept))
        total = sum(self.manifest[path][0] for path in due)
        try:
            for group in _groups(due):
                with ThreadPoolExecutor(THREADS) as pool:
                    for path in pool.map(self._send, group):
                        self._heard(self.manifest[path][0], total)
        except BaseException:
            with contextlib.suppress(TransferError):
                self._save(self._record)
            raise
        self.remote.remove(self._beside)

    def clear(self, stale: Sequence[str]) -> int:
        """Take away what belonged to the dataset that was replaced."""
        gone = [path for path in stale if path not in self.manifest]
        for path in gone:
            self.remote.remove(path)
        return len(gone)

    def _send(self, path: str) -> str:
        source = self.dataset / path
        size, sha = self.manifest[path]
        if entry(source) != [size, sha]:
            raise DatasetError(f"{str(source)!r} is not what the dataset lists; run `taskloom dataset verify` on it.")
        self.remote.upload(path, source)
        state = self.remote.state(path)
        if state is None or state[0] != size:
            raise TransferError(f"{path!r} did not arrive whole at {self.remote.name!r}; push again.")
        with self._lock:
            assert self._record is not None
            self._record = self._record.model_copy(update={"sent": self._record.sent | {path: (size, sha, state[1])}})
            if time.monotonic() - self._written > RECORD_EVERY:
                self._save(self._record)
        return path

    def _foreign(self, reader: DatasetReader, url: str) -> bool:
        """Whether what is at the URL is no earlier state of the dataset."""
        if self.remote.state(MARK) is None:
            return False
        try:
            there = DatasetReader(url)
            ids = there.column("episode_id")
        except DatasetError:  # damaged, or half of it replaced by a push that was cut short
            return self._record is None
        return len(ids) > len(reader) or not np.array_equal(ids, reader.column("episode_id")[: len(ids)])

    def _read_record(self) -> SentRecord | None:
        content = self.remote.read(self._beside)
        if content is None:
            return None
        try:
            return SentRecord.model_validate_json(content)
        except ValueError:
            return SentRecord(touched=tuple(self.manifest))

    def _save(self, record: SentRecord | None) -> None:
        if record is not None:
            self._record, self._written = record, time.monotonic()
            self.remote.write(self._beside, record.model_dump_json().encode())


def _listed(remote: Remote) -> Manifest:
    """The files that the root at the URL lists, and the root; nothing when there is none that can be trusted."""
    content = remote.read(ROOT_FILE)
    if content is None or not self_consistent(content):
        return {}
    import hashlib

    files: Manifest = json.loads(content)["attributes"].get("files", {})
    return files | {ROOT_FILE: [len(content), hashlib.sha256(content).hexdigest()]}


def _manifest(dataset: Path, reader: DatasetReader) -> Manifest:
    files: dict[str, Any] = reader.attrs["files"]
    return {path: list(value) for path, value in files.items()} | {ROOT_FILE: entry(dataset / ROOT_FILE)}


def _groups(due: Sequence[str]) -> Iterator[list[str]]:
    """Files that may be sent at once; the groups one after the other."""
    for number in sorted({turn(path)[0] for path in due}):
        yield [path for path in due if turn(path)[0] == number]


@contextlib.contextmanager
def _held(dataset: Path) -> Iterator[None]:
    """No packer writes the dataset meanwhile, and its last commit is finished; a read-only folder is at rest."""
    lock = writer_lock(dataset)
    try:
        lock.__enter__()
    except DatasetLockedError:
        raise
    except OutputError:
        yield
        return
    try:
        recover(dataset)
        yield
    finally:
        lock.__exit__(None, None, None)


def _deaf(fresh: int, total: int) -> None:
    """Nobody listens."""
