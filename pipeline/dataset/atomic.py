"""Directories that appear whole or not at all: written beside their place, synced, then renamed into it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.errors import OutputError
from pipeline.core.files import sync
from pipeline.dataset.writers import wait_for_writers

_TMP, _OLD = ".tmp-", ".old"


@contextmanager
def new_directory(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``target``; on leaving, sync it and put it in the place of ``target``.

    What an earlier, killed writer of the same target left is repaired first. If the body raises, nothing remains. An
    OSError from the body (disk full, no permission, ...) becomes an :class:`OutputError`.
    """
    tmp = target.with_name(f"{target.name}{_TMP}{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        recover(target)
        tmp.mkdir()
        yield tmp
        _sync_tree(tmp)
        _publish(tmp, target)
    except BaseException as error:
        wait_for_writers()
        shutil.rmtree(tmp, ignore_errors=True)
        if isinstance(error, OSError) and not isinstance(error, OutputError):
            raise explained(target, error) from error
        raise


def recover(target: Path) -> None:
    """Undo what a writer of ``target`` that was killed has left: half-written folders, a half-done replacement."""
    old = target.with_name(target.name + _OLD)
    if old.exists():
        if target.exists():
            shutil.rmtree(old)
        else:
            old.rename(target)
    if target.parent.is_dir():
        for entry in os.scandir(target.parent):
            if entry.name.startswith(target.name + _TMP):
                shutil.rmtree(entry.path)


def replaced_copy(target: Path) -> Path | None:
    """Where the previous ``target`` waits if its replacement was cut short; None if there is nothing."""
    old = target.with_name(target.name + _OLD)
    return old if old.exists() and not target.exists() else None


def _publish(tmp: Path, target: Path) -> None:
    old = target.with_name(target.name + _OLD)
    if target.exists():
        target.rename(old)
    tmp.rename(target)
    sync(target.parent)
    if old.exists():
        shutil.rmtree(old)


def _sync_tree(folder: Path) -> None:
    for parent, _, files in os.walk(folder, topdown=False):
        for name in files:
            sync(Path(parent, name))
        sync(Path(parent))


def explained(target: Path, error: OSError) -> OutputError:
    """An error that says what could not be written, why, and what to do."""
    reason = error.strerror or str(error)
    if error.filename and not str(error.filename).startswith(str(target)):
        reason += f" ({str(error.filename)!r})"
    return OutputError(
        f"Cannot write {str(target)!r}: {reason}. Nothing was left half-written; free space or make the folder "
        "writable (or choose another one) and run the same command again."
    )
