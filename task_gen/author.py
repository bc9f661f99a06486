"""The procedural task author: composes tasks from what the assets afford, family by family, without a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count as counting
from itertools import islice
from typing import Protocol, get_args

import numpy as np

from pipeline.core.doors import Catalog
from pipeline.core.errors import InvalidInputError
from pipeline.core.registry import Registry
from pipeline.core.robot import RobotSpec
from pipeline.core.streams import stream
from pipeline.core.task import Family, TaskSpec
from task_gen.compose import NothingToCompose
from task_gen.curriculum import Curriculum, leaning
from task_gen.pantry import Pantry
from task_gen.paraphrase import paraphrase

REDRAWS = 40  # draws of a family before it counts as used up


class Composer(Protocol):
    """One family of tasks."""

    def __call__(self, pantry: Pantry, stream: np.random.Generator, *, turn: int) -> TaskSpec:
        """Compose one task; raises :class:`NothingToCompose`."""
        ...


FAMILIES: Registry[Composer] = Registry("task_gen.families", "family")


def propose(catalog: Catalog, robot: RobotSpec, *, count: int, seed: int) -> tuple[TaskSpec, ...]:
    """``count`` different tasks, the families taking turns; a smaller count gives the first of the same tasks.

    Raises :class:`InvalidInputError` when the catalogue does not afford as many.
    """
    pantry, tasks = Pantry(catalog, robot), dict[str, TaskSpec]()
    families, why = [f for f in get_args(Family) if f in FAMILIES], dict[str, str]()
    turn = 0
    while len(tasks) < count and families:
        for family in tuple(families):
            task = _draw(family, pantry, tasks, seed=seed, turn=turn, why=why)
            if task is None:
                families.remove(family)
            elif len(tasks) < count:
                tasks[task.name] = task
        turn += 1
    if len(tasks) < count:
        raise _used_up(robot, len(tasks), count, why)
    return tuple(tasks.values())


def propose_leaning(
    catalog: Catalog,
    robot: RobotSpec,
    *,
    count: int,
    seed: int,
    curriculum: Curriculum,
    known: Sequence[TaskSpec] = (),
) -> tuple[TaskSpec, ...]:
    """As :func:`propose`, families and objects drawn as the curriculum weighs them, and none of the ``known`` tasks."""
    why = dict[str, str]()
    sources = {f: _family(f, Pantry(catalog, robot), seed=seed, why=why) for f in get_args(Family) if f in FAMILIES}
    tasks = tuple(islice(leaning(sources, curriculum, seed=seed, known=known), count))
    if len(tasks) < count:
        raise _used_up(robot, len(tasks), count, why)
    return tasks


def _family(family: str, pantry: Pantry, *, seed: int, why: dict[str, str]) -> Iterator[TaskSpec]:
    """One family's tasks, one after the other, until it is used up."""
    tasks = dict[str, TaskSpec]()
    for turn in counting():
        task = _draw(family, pantry, tasks, seed=seed, turn=turn, why=why)
        if task is None:
            return
        tasks[task.name] = task
        yield task


def _used_up(robot: RobotSpec, found: int, wanted: int, why: dict[str, str]) -> InvalidInputError:
    return InvalidInputError(
        f"The catalogue affords robot {robot.name!r} only {found} different tasks, {wanted} were asked for. "
        f"Ask for fewer or add assets. {' '.join(f'{f}: {w}' for f, w in why.items())}".rstrip()
    )


def _draw(
    family: str, pantry: Pantry, tasks: dict[str, TaskSpec], *, seed: int, turn: int, why: dict[str, str]
) -> TaskSpec | None:
    """A task of the family that is not there yet, or None when the family is used up."""
    for attempt in range(REDRAWS):
        draw = stream(seed, "task_gen", family, turn, attempt)
        try:
            task = FAMILIES.get(family)(pantry, draw, turn=turn + attempt)
        except NothingToCompose as error:
            why[family] = str(error)
            continue
        if task.name not in tasks:
            return task.model_copy(update={"paraphrases": paraphrase(task.instruction)})
    return None
