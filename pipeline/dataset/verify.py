"""Verification: whether a dataset is what was written, and whether what was written makes sense."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.core.errors import TaskloomError
from pipeline.dataset import layout
from pipeline.dataset.access import DAMAGE, group_at
from pipeline.dataset.checks.contents import content_problems
from pipeline.dataset.checks.files import Damage, Files, damages, needed, placed, root_of
from pipeline.dataset.checks.images import LagMeter, image_problems
from pipeline.dataset.checks.problem import Heard, Problem
from pipeline.dataset.checks.statistics import StatisticsCheck
from pipeline.dataset.checks.stored import stored
from pipeline.dataset.reader import DatasetReader

__all__ = ["Problem", "verify"]


def verify(place: str | Path, *, structure: bool = False, heard: Heard | None = None) -> list[Problem]:
    """Everything wrong with a dataset, in a folder or at a URL; empty when it is sound.

    ``structure`` looks at metadata and at the sizes of files only. Otherwise every file is read, hashed and decoded:
    whatever is not what was packed is found, and named with the array and the episodes that it hits.
    """
    files = Files(str(place))
    attrs, root = root_of(files)
    if root is not None and not attrs:
        return [root]
    found = list(damages(files, attrs.get("files", {}), contents=not structure, heard=heard)) if attrs else []
    try:
        reader = DatasetReader(place)
    except (TaskloomError, *DAMAGE) as error:
        damaged = [Problem(d.array, None, f"{d.message}; all episodes are hit", file=d.file) for d in found]
        return [p for p in (root, *damaged) if p] + ([] if damaged else [Problem("", None, str(error))])
    problems = [*([root] if root else []), *_damage(reader, found, structure=structure)]
    try:
        problems += [*_groups(reader), *_ends(reader)]
    except (TaskloomError, *DAMAGE) as error:
        return problems if found else [*problems, Problem("", None, str(error))]
    if structure or any(p.array == "meta/episode_ends" for p in problems):
        return problems
    return [*problems, *_contents(reader, heard)]


def _damage(reader: DatasetReader, found: list[Damage], *, structure: bool) -> Iterator[Problem]:
    for damage in found:
        yield (damage if structure else placed(reader, damage)).problem(len(reader))


def _groups(reader: DatasetReader) -> Iterator[Problem]:
    """No groups among the arrays, and every array as long as it should be."""
    counted = {layout.DATA: int(reader.ends[-1]), layout.META: len(reader)}
    for group, rows in counted.items():
        for child, _ in group_at(reader.root, group).groups():
            yield Problem(f"{group}/{child}", None, "is a group; only arrays belong here")
        for name, array in group_at(reader.root, group).arrays():
            if array.shape[0] < rows or (array.shape[0] > rows and not reader.unfinished):
                beyond = "rows beyond the commit mark" if array.shape[0] > rows else "rows too few"
                yield Problem(
                    f"{group}/{name}", None, f"has {array.shape[0]} rows, not {rows}: {beyond} of meta/episode_ends"
                )


def _ends(reader: DatasetReader) -> Iterator[Problem]:
    lengths = np.diff(reader.ends, prepend=0)
    for k in np.flatnonzero(lengths < 1):
        yield Problem("meta/episode_ends", int(k), f"must grow, but ends at {reader.ends[k]} after {lengths[k]} rows")
    for k in np.flatnonzero(reader.column("episode_length") != lengths):
        yield Problem("meta/episode_length", int(k), f"differs from the {lengths[k]} rows between the episode's ends")
    tasks = reader.column("episode_task")
    for k in np.flatnonzero((tasks < 0) | (tasks >= len(reader.tasks))):
        yield Problem("meta/episode_task", int(k), f"{tasks[k]} is not one of the {len(reader.tasks)} tasks")


def _contents(reader: DatasetReader, heard: Heard | None) -> Iterator[Problem]:
    """What the rows say, episode after episode; an array that cannot be read is named once."""
    lag, told, cards = LagMeter(), set[str](), set[str]()
    try:
        statistics = StatisticsCheck(reader)
    except TaskloomError as error:
        statistics = None
        yield Problem(layout.ASSETS, None, str(error))
    for episode, unread in stored(reader):
        for problem in unread:
            if problem.array not in told:
                yield problem
            told.add(problem.array)
        if episode is None:
            continue
        yield from _assets(reader, episode.record.cards, cards)
        try:
            yield from content_problems(episode)
        except (TaskloomError, IndexError) as error:
            yield Problem("meta", episode.index, str(error))
        yield from image_problems(episode)
        lag.add(episode)
        if statistics is not None:
            statistics.add(episode)
        if heard is not None:
            heard(0, 0)
    yield from lag.problems()
    if statistics is not None:
        yield from statistics.problems()


def _assets(reader: DatasetReader, cards: frozenset[str], seen: set[str]) -> Iterator[Problem]:
    """The cards and files that an episode uses are there and are what their names say; each is looked at once."""
    fresh = needed(reader, cards - seen) - seen
    seen |= fresh
    for sha in sorted(fresh):
        try:
            reader.blob(sha)
        except TaskloomError as error:
            yield Problem(f"{layout.ASSETS}/{sha}", None, str(error))
