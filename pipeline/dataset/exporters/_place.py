"""Where an export goes: whole or not at all, and never over something else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.core.errors import OutputError
from pipeline.core.files import sync
from pipeline.dataset.atomic import new_directory

_TMP = ".tmp-"


@contextmanager
def new_place(out: Path, *, source: str, file: bool, replacing: Callable[[Path], bool] | None) -> Iterator[Path]:
    """Yield a place beside ``out`` where nothing is; on leaving, put what was written there in the place of ``out``.

    ``replacing`` says whether what is there may go; without it nothing may. ``source`` is the dataset that is read.
    Raises :class:`OutputError`, also for a disk that is full or read-only; then nothing is left.
    """
    target = out.resolve()
    _refuse(out, target, source, replacing)
    if not file:
        with new_directory(target) as tmp:
            yield tmp
        return
    tmp = target.with_name(f"{target.name}{_TMP}{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.iterdir():
            if left.name.startswith(target.name + _TMP):
                left.unlink()
        yield tmp
        sync(tmp)
        tmp.replace(target)
        sync(target.parent)
    except BaseException as error:
        tmp.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, OutputError):
            raise OutputError(
                f"Cannot write {str(out)!r}: {error.strerror or error}. Nothing was left half-written; free space or "
                "make the folder writable (or choose another one) and run the same command again."
            ) from error
        raise


def _refuse(out: Path, target: Path, source: str, replacing: Callable[[Path], bool] | None) -> None:
    if "://" not in source:
        dataset = Path(source).resolve()
        if target == dataset or dataset in target.parents or target in dataset.parents:
            raise OutputError(f"{str(out)!r} holds, or lies inside, the dataset {source!r}; choose another place.")
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if replacing is None:
        raise OutputError(f"{str(out)!r} exists; choose another place, or ask for it to be replaced (--replace).")
    if not replacing(target):
        raise OutputError(f"{str(out)!r} is not an export of this format, so it is not replaced; choose another place.")
