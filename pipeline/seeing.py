"""Seeing: an image-based solver at work beside a simulator that it cannot reach, in lockstep over a line of messages.

The solver runs in a thread of its own. Its handle holds two queues and nothing else; the side that owns the simulator
answers with plain arrays that were copied. Following references from what the solver is given (the problem and the
handle) leads to no state, scene or simulator. What a language with introspection cannot forbid is to search the whole
process for them; that would be cheating, not an accident.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from queue import SimpleQueue
from typing import Any, Literal

import numpy as np

from pipeline.core.doors import Problem, Solution
from pipeline.core.errors import InvalidInputError
from pipeline.core.goal import atoms
from pipeline.core.layout import SceneLayout
from pipeline.core.scene import SceneSpec
from pipeline.core.seeing import Proprioception, Query, SeeingProblem, SeeingSolver, Sight, View
from pipeline.core.world import F32, Actions
from pipeline.holds import parse

Call = Literal["look", "feel", "run", "left", "recorded", "done", "failed"]
TABLE = "table"


class SeeingHandle:
    """The solver's end of the line: see :class:`pipeline.core.seeing.SeeingWorlds`."""

    __slots__ = ("_answers", "_calls", "batch")

    def __init__(self, batch: int, calls: SimpleQueue[Any], answers: SimpleQueue[Any]) -> None:
        self.batch, self._calls, self._answers = batch, calls, answers

    @property
    def steps_left(self) -> int:
        """Control steps until the task's horizon."""
        return self._ask("left")

    def look(self, rows: Sequence[int] | None = None) -> Mapping[str, View]:
        """What every camera sees now, in the given worlds (default all), by camera name."""
        return self._ask("look", range(self.batch) if rows is None else tuple(rows))

    def feel(self) -> Proprioception:
        """The present joints of all worlds."""
        return self._ask("feel")

    def run(self, actions: Actions) -> F32:
        """Step all worlds by actions (time, batch, dof), which are recorded; measured joints (time, batch, dof)."""
        return self._ask("run", np.array(actions, np.float32))

    def recorded(self) -> Actions:
        """All actions since the reset, (time, batch, dof)."""
        return self._ask("recorded")

    def _ask(self, call: Call, value: Any = None) -> Any:
        self._calls.put((call, value))
        fine, answer = self._answers.get()
        if not fine:
            raise answer
        return answer


def reduced(problem: Problem, sight: Sight) -> SeeingProblem:
    """What an image-based solver may know of a problem: nothing of where things are."""
    scene = problem.scenes[0]
    named = {arg.split("/")[0] for atom in atoms(parse(problem.task.goal)) for arg in atom.args} - {TABLE}
    known = {p.name: p.asset.name for p in scene.placements}
    if unknown := sorted(named - set(known)):
        raise InvalidInputError(f"The goal of {problem.task.name!r} names {unknown}, which its scenes do not hold.")
    return SeeingProblem(
        task=problem.task.name,
        instruction=problem.task.instruction,
        goal=problem.task.goal,
        queries=tuple(Query(name=name, asset=known[name]) for name in sorted(named)),
        robot=scene.robot,
        base=tuple(s.robot_pose for s in problem.scenes),
        rate=scene.physics.control_hz,
        horizon=problem.task.horizon,
        seed=problem.seed,
        labels=SceneLayout.of(scene).bodies if sight.segmentation else (),
    )


def with_cameras(problem: Problem, sight: Sight) -> tuple[SceneSpec, ...]:
    """The problem's scenes with the cameras that are granted instead of their own."""
    cameras = sight.cameras(problem.scenes[0].robot)
    return tuple(scene.model_copy(update={"cameras": cameras}) for scene in problem.scenes)


def solve_seeing(problem: Problem, worlds: Any, solver: SeeingSolver) -> Solution:
    """Let an image-based solver drive ``worlds``, a :class:`BatchWorlds` whose scenes carry its cameras."""
    calls: SimpleQueue[Any] = SimpleQueue()
    answers: SimpleQueue[Any] = SimpleQueue()
    told, handle = reduced(problem, solver.sight), SeeingHandle(worlds.batch, calls, answers)
    thread = threading.Thread(target=_work, args=(solver, told, handle, calls), name="seeing solver", daemon=True)
    thread.start()
    desk = _Desk(problem, worlds, solver.sight)
    while True:
        call, value = calls.get()
        if call in ("done", "failed"):
            thread.join()
            if call == "failed":
                raise value
            return value
        try:
            answers.put((True, desk.answer(call, value)))
        except Exception as error:  # the solver's thread is the one to see it
            answers.put((False, error.with_traceback(None)))


def _work(solver: SeeingSolver, told: SeeingProblem, handle: SeeingHandle, calls: SimpleQueue[Any]) -> None:
    try:
        calls.put(("done", solver(told, handle)))
    except BaseException as error:
        calls.put(("failed", error))


class _Desk:
    """The simulator's end of the line; everything that leaves it is copied."""

    def __init__(self, problem: Problem, worlds: Any, sight: Sight) -> None:
        self._worlds, self._sight = worlds, sight
        self._cameras = sight.cameras(problem.scenes[0].robot)
        self._commanded = np.array([s.robot_start for s in problem.scenes], np.float32)

    def answer(self, call: Call, value: Any) -> Any:
        if call == "look":
            return self._look(value)
        if call == "feel":
            return Proprioception(np.array(self._worlds.state().qpos), self._commanded.copy())
        if call == "run":
            return self._run(value)
        return int(self._worlds.steps_left) if call == "left" else np.array(self._worlds.recorded())

    def _run(self, actions: Actions) -> F32:
        trace = self._worlds.run(actions)
        if len(actions):
            self._commanded = np.array(actions[-1])
        return np.array(trace.flat.qpos).reshape(trace.time, trace.batch, -1)

    def _look(self, rows: Sequence[int]) -> dict[str, View]:
        what = ("rgb", "depth", "segmentation") if self._sight.segmentation else ("rgb", "depth")
        frames = self._worlds.see([c.name for c in self._cameras], what, rows)
        return {
            camera.name: View(
                rgb=np.array(frames[camera.name].rgb),
                depth=np.array(frames[camera.name].depth),
                intrinsics=camera.intrinsics.copy(),
                pose=np.array(frames[camera.name].pose, np.float64),
                labels=np.array(frames[camera.name].segmentation) if self._sight.segmentation else None,
            )
            for camera in self._cameras
        }
