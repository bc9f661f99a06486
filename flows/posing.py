"""Posing: the worlds of a batch, settled and through the dynamic gate, as the problem that a solver gets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.core.doors import Problem, SceneBuilder, Simulator
from pipeline.core.streams import stream_seed
from pipeline.core.task import TaskSpec
from pipeline.settling import Settled
from scene_gen.settle import sample_settled
from task_gen.dynamic_gate import SURVIVE, dynamic_gate
from task_gen.reasons import Reason


@dataclass(frozen=True, eq=False)
class Posed:
    """A task in those of its worlds that passed; no problem when the task itself was rejected.

    ``rows`` are the batch's rows that the problem's scenes came from, ``reasons`` say why others did not pass.
    """

    problem: Problem | None
    rows: tuple[int, ...]
    reasons: tuple[Reason, ...]


def lay_out(
    task: TaskSpec, builder: SceneBuilder, simulator: Simulator, *, worlds: int, seed: int, index: int
) -> Settled:
    """The worlds of batch ``index``, settled; raises :class:`Unplaceable` when one finds no layout."""
    return sample_settled(builder, task, simulator, count=worlds, seed=seed, first=index * worlds)


def pose(task: TaskSpec, laid: Settled, builder: SceneBuilder, simulator: Simulator, *, seed: int, index: int) -> Posed:
    """Put the worlds that settled through the dynamic gate; fewer than half of them are too few for it."""
    scenes = [scene for scene, settled in zip(laid.scenes, laid.mask, strict=True) if settled]
    unsettled = tuple(_unsettled(laid, int(row)) for row in np.flatnonzero(~laid.mask))
    if len(scenes) < SURVIVE * len(laid.scenes):
        return Posed(None, (), unsettled)
    verdict = dynamic_gate(task, scenes, builder, simulator, seed=stream_seed(seed, "dynamic_gate", task.name, index))
    reasons = (*verdict.reasons, *unsettled)
    if not verdict.ok:
        return Posed(None, (), reasons)
    rows = tuple(int(row) for row in np.flatnonzero(laid.mask)[verdict.mask])
    return Posed(Problem(task, verdict.surviving, stream_seed(seed, "solve", task.name, index)), rows, reasons)


def _unsettled(laid: Settled, row: int) -> Reason:
    return Reason(
        code="unstable", message=f"Scene {row}: {laid.reasons[row]}", at=f"scene {row}", subject=laid.culprits[row]
    )
