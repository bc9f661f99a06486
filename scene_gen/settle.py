"""Scenes that physics leaves as they were laid out: rows that move, tip or lose a relation are laid out anew."""

from __future__ import annotations

import numpy as np

from pipeline.core.doors import SceneBuilder, Simulator
from pipeline.core.streams import stream
from pipeline.core.task import TaskSpec
from pipeline.holds import holds, parse
from pipeline.settling import Settled, settle

ROUNDS = 4  # layouts that a row gets


def sample_settled(
    builder: SceneBuilder, task: TaskSpec, simulator: Simulator, *, count: int, seed: int, first: int = 0
) -> Settled:
    """``count`` scenes of a task, settled in ``simulator``; the mask says which stayed as laid out and related.

    Row ``i`` is drawn from ``stream(seed, "scene_gen", task.name, first + i)``. A row that does not settle, or whose
    initial relations physics undoes, is drawn again from a stream of its own, at most ``ROUNDS`` times in all; what is
    left over keeps the reason of its last layout. No row depends on another. Raises :class:`Unplaceable` when a row
    finds no layout at all.
    """
    scenes = [builder.build(task, stream(seed, "scene_gen", task.name, first + row)) for row in range(count)]
    result = settle_related(task, settle(scenes, simulator), simulator)
    for again in range(1, ROUNDS):
        left = [int(row) for row in np.flatnonzero(~result.mask)]
        if not left:
            break
        # The rows that are done come along, since engines build for a number of worlds.
        mixed = list(result.scenes)
        for row in left:
            mixed[row] = builder.build(task, stream(seed, "scene_gen", task.name, first + row, "again", again))
        result = result.with_rows(left, settle_related(task, settle(mixed, simulator), simulator))
    return result


def settle_related(task: TaskSpec, settled: Settled, simulator: Simulator) -> Settled:
    """``settled`` with a reason for every row in which the simulator's present state undoes an initial relation."""
    world = simulator.state()
    for text in task.initial:
        undone = ~holds(parse(text), world)
        settled = settled.refused(undone, f"{text} was true when laid out, but not after settling.", text)
    return settled
