"""Lockstep: the workers of all worlds want steps made; all move by the shortest stretch that is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from demo_solvers.path3d.clouds import Array
from demo_solvers.path3d.worker import Report, Worker
from pipeline.core.episode import Diagnosis, Outcome
from pipeline.core.seeing import SeeingWorlds
from pipeline.core.world import Actions


@dataclass
class _Lane:
    """One worker, what it still wants made, and what was made of it."""

    worker: Worker
    steps: object = None
    wanted: Array | None = None
    stage: str = ""
    felt: list[Array] = field(default_factory=list)
    stages: list[str] = field(default_factory=list)
    report: Report | None = None

    def begin(self) -> None:
        self.steps = self.worker.run()
        self._go(None)

    def made(self, measured: Array) -> None:
        """Take note of steps (time, dof) that were made; go on when that was all."""
        assert self.wanted is not None
        self.felt.append(measured)
        self.stages += [self.stage] * len(measured)
        self.wanted = self.wanted[len(measured) :]
        if not len(self.wanted):
            felt, self.felt = np.concatenate(self.felt), []
            self._go(felt)

    def out_of_time(self, needed: str) -> None:
        """End a worker whose horizon is over."""
        self.report = self.worker.report
        self.report.diagnosis = Diagnosis(cause="timeout", stage=self.stage, expected=needed, seen="steps more")
        self.wanted = None

    def _go(self, felt: Array | None) -> None:
        try:
            self.stage, self.wanted = self.steps.send(felt)  # type: ignore[union-attr]
        except StopIteration as end:
            self.report, self.wanted = end.value, None


def side_by_side(worlds: SeeingWorlds, workers: Sequence[Worker], *, horizon: float) -> list[Outcome]:
    """Run all workers to their ends and say how each world ended."""
    lanes = [_Lane(worker) for worker in workers]
    for lane in lanes:
        lane.begin()
    command = worlds.feel().commanded.copy()
    while waiting := [(row, lane) for row, lane in enumerate(lanes) if lane.wanted is not None]:
        left = worlds.steps_left
        if left <= 0:
            for _, lane in waiting:
                lane.out_of_time(f"done within {horizon:g} s")
            break
        steps = min(left, *(len(lane.wanted) for _, lane in waiting if lane.wanted is not None))
        actions = np.repeat(command[None], steps, axis=0)
        for row, lane in waiting:
            assert lane.wanted is not None
            actions[:, row] = lane.wanted[:steps]
        measured, command = worlds.run(actions), actions[-1].copy()
        for row, lane in waiting:
            lane.made(measured[:, row].astype(float))
    recorded = worlds.recorded()
    return [_outcome(row, lane, recorded) for row, lane in enumerate(lanes)]


def _outcome(row: int, lane: _Lane, recorded: Actions) -> Outcome:
    assert lane.report is not None
    names = list(dict.fromkeys(lane.stages)) or ["look"]
    order = {name: i for i, name in enumerate(names)}
    stages = np.array([min(order[s], 255) for s in lane.stages], np.uint8)
    return Outcome(
        success=lane.report.done,
        actions=recorded[: len(lane.stages), row].copy(),
        stages=stages,
        stage_names=tuple(names),
        diagnosis=lane.report.diagnosis,
        recoveries=lane.report.retries,
        lessons=tuple(lane.report.lessons.values()),
    )
