"""Where an installation keeps its runs: ``TASKLOOM_HOME`` and, under it or elsewhere, the runs root."""

from __future__ import annotations

import os
import re
from pathlib import Path

from flows.folder import RunFolder
from pipeline.core.errors import InvalidInputError

RUN_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*"
"""Names of runs: letters, digits, dots, dashes and underscores, in folders; nothing that leads out of the root."""


def taskloom_home() -> Path:
    """``TASKLOOM_HOME``, by default ``~/.taskloom``."""
    return Path(os.environ.get("TASKLOOM_HOME") or "~/.taskloom").expanduser().absolute()


def runs_root() -> Path:
    """``TASKLOOM_RUNS``, by default the folder ``runs`` of the home; several machines share it."""
    named = os.environ.get("TASKLOOM_RUNS")
    return Path(named).expanduser().absolute() if named else taskloom_home() / "runs"


def run_folder(name: str) -> RunFolder:
    """The folder of the run called ``name``; raises :class:`InvalidInputError` for one that leaves the root."""
    if not re.fullmatch(RUN_NAME, name):
        raise InvalidInputError(
            f"Run name {name!r}: use letters, digits, '.', '_' and '-', with '/' between folders. "
            f"It is a folder under {str(runs_root())!r}, which TASKLOOM_RUNS sets."
        )
    return RunFolder(runs_root() / name)
