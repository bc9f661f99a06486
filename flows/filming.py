"""Filming a batch for people: a demonstration, and the last frame of the first attempt of each cause of failure."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flows.album import keep_demonstration, keep_failures, pictures_of, read_album
from flows.folder import RunFolder
from pipeline.core.doors import Problem, Simulator
from pipeline.core.episode import Episode, Outcome
from pipeline.core.world import Actions

MOST_PICTURES = 4  # a batch; the commonest causes come first in a batch anyway


@dataclass(frozen=True, eq=False)
class Filmed:
    """A batch when all is done: how each scene's attempt ended, with what cause, and what became a demonstration.

    ``worlds`` is how many scenes were filmed in the last pass.
    """

    problem: Problem
    outcomes: tuple[Outcome, ...]
    causes: tuple[str, ...]
    episodes: tuple[Episode, ...]
    worlds: int


def keep_pictures(batch: Filmed, folder: RunFolder, index: int, simulator: Simulator) -> None:
    """Keep what earlier batches of the task have no picture of."""
    task, control_hz = batch.problem.task.name, batch.problem.scenes[0].physics.control_hz
    known = read_album(folder, task, batches=index)
    place = pictures_of(folder, task, index)
    if known.shown is None and batch.episodes and batch.episodes[0].rgb:
        first = batch.episodes[0]
        keep_demonstration(place, first.rgb, attempt=first.attempt, control_hz=control_hz)
    firsts = first_failures(batch.causes, known.failed)
    if not firsts or not batch.problem.scenes[0].cameras:
        return
    try:
        frames = last_frames(simulator, batch.problem, batch.outcomes, [*firsts.values()], worlds=batch.worlds)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # what made an attempt fail may break its replay; the batch must not be lost by it
        sys.stderr.write(f"no pictures of the failures of {task}-{index}: {type(error).__name__}: {error}\n")
        return
    keep_failures(place, dict(zip(firsts, frames, strict=True)))


def first_failures(causes: Sequence[str], known: Collection[str]) -> dict[str, int]:
    """By cause, the first attempt that failed so; ``causes`` holds one an attempt, 'none' where it did not fail."""
    firsts: dict[str, int] = {}
    for row, cause in enumerate(causes):
        if cause != "none" and cause not in known:
            firsts.setdefault(cause, row)
    return dict(list(firsts.items())[:MOST_PICTURES])


def last_frames(
    simulator: Simulator, problem: Problem, outcomes: Sequence[Outcome], rows: Sequence[int], *, worlds: int
) -> list[NDArray[np.uint8]]:
    """What the first camera saw at the end of each attempt in ``rows``, (height, width, 3) each.

    ``worlds`` is how many the engine filmed last: with as many again it need not build anew. Rows are repeated to fill
    them.
    """
    filled = [*rows, *[rows[-1]] * (worlds - len(rows))]
    part = problem.of(filled)
    camera = part.scenes[0].cameras[0].name
    ends = [len(outcomes[row].actions) for row in rows]
    actions = _together([outcomes[row].actions for row in filled], part)
    simulator.load(list(part.scenes))
    frames: dict[int, NDArray[np.uint8]] = {}
    done = 0
    for end in sorted(set(ends)):
        if end > done:
            simulator.run(np.ascontiguousarray(actions[done:end]))
            done = end
        seen: Any = simulator.render([camera], ("rgb",))[camera].rgb
        frames |= {i: seen[i] for i, own in enumerate(ends) if own == end}
    return [frames[i] for i in range(len(rows))]


def _together(rows: Sequence[Actions], part: Problem) -> Actions:
    """Actions (time, rows, dof); what ends earlier stays where it was, what never began stays at its start."""
    longest = max(len(actions) for actions in rows)
    out = np.empty((longest, len(rows), part.scenes[0].robot.dof), np.float32)
    for i, actions in enumerate(rows):
        out[: len(actions), i] = actions
        out[len(actions) :, i] = actions[-1] if len(actions) else np.asarray(part.scenes[i].robot_start, np.float32)
    return out
