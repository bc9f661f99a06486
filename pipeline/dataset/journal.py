"""The redo log of a dataset: new files wait beside it, and are put into their places in an order that readers can bear.

    <name>.zarr.staging/store/...      new and changed files, synced
    <name>.zarr.staging/journal.json   written last: from here on the change will happen, whatever happens

A crash before the journal leaves the dataset as it was; after it, the next writer finishes what was begun. At every
moment in between, a reader that slices by ``meta/episode_ends`` sees the former episodes bit for bit.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from pydantic import Field, ValidationError

from pipeline.core.errors import DatasetError
from pipeline.core.files import sync
from pipeline.core.geometry import Frozen
from pipeline.dataset import layout
from pipeline.dataset.rootfile import ROOT_FILE, Manifest

PATH_PATTERN = r"^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*$"
"""Relative, below the store, and without ``..``: no part begins with a dot."""
SHA256_PATTERN = r"^[0-9a-f]{64}$"
MARK = f"{layout.META}/{layout.COMMIT_MARKER}/{ROOT_FILE}"
"""The last file that is put into its place."""
_SUFFIX, _STORE, _JOURNAL = ".staging", "store", "journal.json"


class Change(Frozen):
    """One file: what it was, if it was, and what it becomes."""

    path: str = Field(pattern=PATH_PATTERN)
    size: int = Field(ge=0)
    old: str | None = Field(pattern=SHA256_PATTERN)
    new: str = Field(pattern=SHA256_PATTERN)


class Journal(Frozen):
    """All files of one commit, in the order in which they are put into their places."""

    version: int = Field(default=1, ge=1, le=1)
    changes: tuple[Change, ...]


class Staging:
    """The folder beside a dataset in which a commit is prepared."""

    def __init__(self, dataset: Path) -> None:
        self.dataset = dataset
        self.folder = dataset.with_name(dataset.name + _SUFFIX)
        self.store = self.folder / _STORE

    def begin(self) -> None:
        """An empty store to write into; whatever was left of an unfinished preparation is thrown away."""
        if pending(self.dataset) is not None:
            raise DatasetError(f"{str(self.dataset)!r} has an unfinished commit; recover it first.")
        self.discard()
        self.store.mkdir(parents=True)

    def discard(self) -> None:
        """Forget everything; the journal goes first, so that half a folder is never taken for a whole one."""
        (self.folder / _JOURNAL).unlink(missing_ok=True)
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def commit(self, new: Manifest, *, old: Manifest) -> None:
        """Make the staged files, whose sizes and SHA-256 are ``new``, part of the dataset."""
        changes = [
            Change(path=path, size=new[path][0], old=old[path][1] if path in old else None, new=new[path][1])
            for path in sorted(new, key=turn)
        ]
        for path in new:
            sync(self.store / path)
        for folder in _folders(self.store, new):
            sync(folder)
        self._write(Journal(changes=tuple(changes)))
        self.finish()

    def finish(self) -> None:
        """Put every file of the journal into its place; may be cut short and called again."""
        journal = pending(self.dataset)
        assert journal is not None
        *rest, last = journal.changes
        for change in rest:
            self._place(change)
        for folder in _folders(self.dataset, [c.path for c in rest]):
            sync(folder)
        self._place(last)
        sync((self.dataset / last.path).parent)
        self.discard()

    def _place(self, change: Change) -> None:
        source, target = self.store / change.path, self.dataset / change.path
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.replace(target)
        elif not target.is_file() or target.stat().st_size != change.size or _sha256(target) != change.new:
            raise DatasetError(
                f"{str(target)!r} is neither in its place nor waiting in {str(self.store)!r}: somebody changed one of "
                "the two. Restore it, or remove the dataset and pack its parts again."
            )

    def _write(self, journal: Journal) -> None:
        tmp = self.folder / (_JOURNAL + ".tmp")
        tmp.write_text(journal.model_dump_json())
        sync(tmp)
        tmp.replace(self.folder / _JOURNAL)
        sync(self.folder)


def pending(dataset: Path) -> Journal | None:
    """The commit that was cut short and that the next writer of ``dataset`` will finish; None if there is none."""
    path = dataset.with_name(dataset.name + _SUFFIX) / _JOURNAL
    if not path.is_file():
        return None
    try:
        return Journal.model_validate(json.loads(path.read_text()))
    except (ValidationError, ValueError) as error:
        raise DatasetError(f"{str(path)!r} is no journal of ours ({error}); do not trust this dataset.") from error


def recover(dataset: Path) -> None:
    """Finish the commit that was cut short, or throw away what never became one. For the holder of the lock."""
    staging = Staging(dataset)
    if pending(dataset) is None:
        staging.discard()
    else:
        staging.finish()


def turn(path: str) -> tuple[int, str]:
    """When a file is put into its place: shards, which grow at their ends; the root, which lists them; shapes; mark."""
    if path == MARK:
        return (3, path)
    if not path.endswith(ROOT_FILE):
        return (0, path)
    return (1 if path == ROOT_FILE else 2, path)


def _folders(root: Path, paths: Sequence[str] | Manifest) -> list[Path]:
    """Every folder that holds one of ``paths``, the deepest first, and the parent of ``root``."""
    found = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    return [*(root / name for name in sorted(found, key=lambda n: -n.count("/"))), root.parent]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
