"""Copying what a run is given into its folder, so that it goes on with what it began with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.core.errors import OutputError


def copy_whole(
    files: Sequence[Path], root: Path, target: Path, *, is_same: Callable[[Path], bool], called: str
) -> None:
    """Copy ``files`` below ``root`` to ``target``, which is there as a whole or not at all.

    Raises :class:`OutputError`, also where the copy is not the same as what the configuration was made of.
    """
    staged = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        staged.mkdir()
        for path in files:
            place = staged / path.relative_to(root)
            place.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, place)
        if not is_same(staged):
            raise OutputError(f"{called} in {str(root)!r} changed while the run began. Give the same command again.")
        staged.rename(target)
    except OutputError:
        raise
    except OSError as error:
        where = str(target.parent)
        raise OutputError(f"{called} cannot be copied to {where!r}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
