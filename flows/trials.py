"""Trials: proposals put through the dynamic gate in processes of their own, as a run would pose them."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context, parent_process
from types import TracebackType

from pydantic import Field

from assets.catalog import LibraryCatalog
from flows.posing import lay_out, pose
from flows.stages import make_simulator
from pipeline.core.doors import Simulator, Unplaceable
from pipeline.core.geometry import Frozen
from pipeline.core.task import TaskSpec
from scene_gen.builder import TabletopBuilder
from task_gen.reasons import Reason

TASKS_A_PROCESS = 25  # engines grow by up to 0.15 GB a scene


class GateOptions(Frozen):
    """In what a proposal is tried."""

    backend: str = Field(default="mujoco", description="Physics backend of the dynamic gate.")
    scenes: int = Field(default=4, ge=1, description="Scenes that the dynamic gate tries a task in.")
    robot: str = "panda"
    seed: int = 0


class Trial(Frozen):
    """What the dynamic gate says of one task: ``reasons`` may name single scenes even when the task passed."""

    ok: bool
    passed: int = Field(description="scenes that passed")
    reasons: tuple[Reason, ...] = ()
    seconds: float = Field(default=0.0, description="of building, settling and the goal's tests")


class Trials:
    """A context whose :meth:`judge` tries tasks one after the other in a process that is replaced now and then.

    A task's trial depends on the task, the seed and the options alone.
    """

    def __init__(self, options: GateOptions) -> None:
        self.options = options
        self._pool = ProcessPoolExecutor(
            1, mp_context=get_context("spawn"), max_tasks_per_child=TASKS_A_PROCESS, initializer=end_with_parent
        )

    def __enter__(self) -> Trials:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)

    def judge(self, tasks: Sequence[TaskSpec]) -> list[Trial]:
        """One trial a task, in their order."""
        return list(self._pool.map(try_task, tasks, [self.options] * len(tasks)))


def try_task(task: TaskSpec, options: GateOptions) -> Trial:
    """Build, settle and gate one task's scenes in this process, on its simulator, which stays warm."""
    began = time.perf_counter()
    simulator, catalog = _simulator(options.backend)
    builder = TabletopBuilder(catalog, catalog.robot(options.robot), cameras=())
    try:
        laid = lay_out(task, builder, simulator, worlds=options.scenes, seed=options.seed, index=0)
    except Unplaceable as error:
        reason = Reason(code="unplaceable", message=str(error))
        return Trial(ok=False, passed=0, reasons=(reason,), seconds=_since(began))
    posed = pose(task, laid, builder, simulator, seed=options.seed, index=0)
    return Trial(ok=posed.problem is not None, passed=len(posed.rows), reasons=posed.reasons, seconds=_since(began))


def end_with_parent() -> None:
    """In a process of a pool: a parent that is killed leaves no engine behind."""
    parent = parent_process()
    assert parent is not None

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@cache
def _simulator(backend: str) -> tuple[Simulator, LibraryCatalog]:
    catalog = LibraryCatalog()
    return make_simulator(backend, catalog), catalog


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 2)
