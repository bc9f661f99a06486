"""Entries: the runs that a gallery shows, found on disk, and what its index knows of each task."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from pydantic import ValidationError

from flows.folder import RunFolder
from flows.report import RunReport, TaskReport, load_report
from pipeline.core.errors import InvalidInputError
from pipeline.core.geometry import Frozen

DEPTH = 4  # folders below the root in which runs are looked for
MARKER = "gallery.json"
"""A folder that holds it is a gallery of ours."""


@dataclass(frozen=True)
class Run:
    """A finished run: its short name in the gallery, its folder and its report."""

    name: str
    folder: RunFolder
    report: RunReport


class Entry(Frozen):
    """One task, as the index knows it; all text is plain."""

    page: str
    picture: str = ""
    name: str
    run: str
    instruction: str
    goal: str
    family: str
    robot: str
    outcome: str
    solved: int
    attempted: int
    written: int
    fails: str = ""
    ways: str = ""


def find_runs(place: Path) -> tuple[list[Run], dict[Path, str]]:
    """The finished runs at or below ``place``, the newest first, and why others are left out.

    Raises :class:`InvalidInputError` where there is none.
    """
    if not place.is_dir():
        raise InvalidInputError(f"{str(place)!r} is no folder. Name a run's folder or the folder that holds runs.")
    runs, skipped = list[Run](), dict[Path, str]()
    for root in _roots(place, DEPTH):
        folder = RunFolder(root)
        if not folder.report.is_file():
            skipped[root] = "not finished"
            continue
        try:
            runs.append(Run(_name(root, place, {run.name for run in runs}), folder, load_report(folder)))
        except (ValidationError, ValueError, OSError) as error:
            skipped[root] = f"its report cannot be read ({str(error).splitlines()[0]})"
    if not runs:
        why = "; ".join(f"{path}: {reason}" for path, reason in skipped.items())
        raise InvalidInputError(
            f"No finished run at {str(place)!r}{f' ({why})' if why else ''}. Make one with `taskloom generate`."
        )
    return sorted(runs, key=lambda run: (-run.folder.report.stat().st_mtime, run.name)), skipped


def entry_of(run: Run, one: TaskReport, *, page: str, picture: str) -> Entry:
    """What the index says of a task."""
    return Entry(
        page=page,
        picture=picture,
        name=one.task.name,
        run=run.name,
        instruction=one.task.instruction,
        goal=one.task.goal,
        family=one.task.family,
        robot=run.report.config.robot,
        outcome=one.status,
        solved=one.counts.solved,
        attempted=one.counts.attempted,
        written=one.counts.written,
        fails=" ".join(one.causes),
        ways=" ".join(dict.fromkeys(stage.way for stage in one.ways)),
    )


def _roots(place: Path, depth: int) -> Iterator[Path]:
    if (place / "run.json").is_file():
        yield place
    elif depth and not (place / MARKER).is_file():
        for below in sorted(place.iterdir()):
            if below.is_dir() and not below.is_symlink() and not below.name.startswith("."):
                yield from _roots(below, depth - 1)


def _name(root: Path, place: Path, taken: set[str]) -> str:
    """Part of addresses, so letters, digits, dots and dashes; folders become dashes. No two runs share one."""
    within = root.resolve().name if root == place else root.relative_to(place).as_posix()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", within).lstrip(".") or "run"
    return next(found for k in count(1) if (found := name if k == 1 else f"{name}-{k}") not in taken)
