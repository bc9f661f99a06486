"""Which episodes of a dataset: a filter by task, family, solver, split and success, and any predicate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pipeline.core.errors import DatasetError, UnknownNameError
from pipeline.core.geometry import Frozen
from pipeline.dataset.reader import DatasetReader, StoredEpisode
from pipeline.dataset.splits import SPLITS

Predicate = Callable[[StoredEpisode], bool]


class EpisodeFilter(Frozen):
    """Episodes that meet every condition given; an empty tuple or None is no condition."""

    tasks: tuple[str, ...] = Field(default=(), description="task names")
    families: tuple[str, ...] = Field(default=(), description="families of tasks")
    solvers: tuple[str, ...] = Field(default=(), description="solvers that made the demonstration")
    splits: tuple[str, ...] = Field(default=(), description="train, val")
    success: bool | None = Field(default=None, description="whether the goal was reached")


def select(
    reader: DatasetReader, wanted: EpisodeFilter | None = None, *, predicate: Predicate | None = None
) -> NDArray[np.int64]:
    """Ascending indices (episodes,) of the episodes that meet ``wanted`` and for which ``predicate`` is true.

    The predicate is asked last, of what the filter left. Raises :class:`UnknownNameError` for a name that the dataset
    does not have and :class:`DatasetError` when nothing is left.
    """
    wanted = wanted or EpisodeFilter()
    chosen = np.ones(len(reader), bool)
    if wanted.tasks or wanted.families:
        chosen &= np.isin(reader.column("episode_task"), _task_ids(reader, wanted))
    if wanted.solvers:
        chosen &= _by_solver(reader, wanted.solvers)
    if wanted.splits:
        ids = [SPLITS.index(_known("split", name, SPLITS)) for name in wanted.splits]
        chosen &= np.isin(reader.column("episode_split"), ids)
    if wanted.success is not None:
        chosen &= reader.column("episode_success") == wanted.success
    left = np.flatnonzero(chosen)
    if predicate is not None:
        left = np.array([k for k in left if predicate(reader.episode(int(k)))], np.int64)
    if not len(left):
        asked = f"{wanted.model_dump(exclude_defaults=True)}{' and the predicate' if predicate else ''}"
        raise DatasetError(f"None of the {len(reader)} episodes of {reader.place!r} meets {asked}; ask for less.")
    return left.astype(np.int64)


def _task_ids(reader: DatasetReader, wanted: EpisodeFilter) -> list[int]:
    names = {_known("task", name, [t.name for t in reader.tasks]) for name in wanted.tasks}
    families = {_known("family", name, [t.family for t in reader.tasks]) for name in wanted.families}
    return [
        i
        for i, task in enumerate(reader.tasks)
        if (not names or task.name in names) and (not families or task.family in families)
    ]


def _by_solver(reader: DatasetReader, solvers: tuple[str, ...]) -> NDArray[np.bool_]:
    """Hyphens and underscores of a solver's name mean the same."""
    made = [str(name) for name in reader.column("episode_solver")]
    plain, known = np.array([name.replace("-", "_") for name in made]), sorted(set(made))
    wanted = [name.replace("-", "_") for name in solvers]
    for name, asked in zip(wanted, solvers, strict=True):
        if name not in plain:
            raise UnknownNameError("solver", asked, known)
    return np.isin(plain, wanted)


def _known(kind: str, name: str, allowed: list[str] | tuple[str, ...]) -> str:
    if name not in allowed:
        raise UnknownNameError(kind, name, set(allowed))
    return name
