"""Lockstep of a solver and a simulator: every attempt is recorded and judged by the goal, not by the solver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from pipeline.conduct import findings
from pipeline.core.camera import CameraSpec
from pipeline.core.doors import Channel, Problem, Simulator, Solution, Solver
from pipeline.core.episode import Diagnosis, Outcome
from pipeline.core.errors import InvalidInputError, TaskloomError
from pipeline.core.scene import SceneSpec
from pipeline.core.seeing import SeeingSolver, Sight, sight_of
from pipeline.core.world import Actions, Frames, WorldState, WorldTrace
from pipeline.holds import holds, parse
from pipeline.seeing import solve_seeing, with_cameras

HOLD_SECONDS = 0.5


@dataclass(eq=False)
class _Record:
    """What happened in one trial."""

    first: WorldState
    actions: list[Actions] = field(default_factory=list)
    traces: list[WorldTrace] = field(default_factory=list)

    def recorded(self) -> Actions:
        batch, dof = self.first.qpos.shape
        return np.concatenate(self.actions) if self.actions else np.zeros((0, batch, dof), np.float32)

    def trace(self) -> WorldTrace | None:
        if len(self.traces) > 1:
            self.traces[:] = [WorldTrace.concatenate(self.traces)]
        return self.traces[0] if self.traces else None


class BatchWorlds:
    """One trial in the worlds of a problem, with state granted; physics only, nothing is rendered until asked for."""

    def __init__(
        self,
        simulator: Simulator,
        problem: Problem,
        *,
        copies: int = 1,
        records: list[_Record] | None = None,
        sight: Sight | None = None,
    ) -> None:
        # Pixels last: cameras are left out, so that solving never touches a graphics driver, unless by what is seen.
        seen = None if sight is None else with_cameras(problem, sight)
        scenes = list(seen or [scene.physics_only() for scene in problem.scenes]) * copies
        self._simulator, self._problem = simulator, problem
        self._records = [] if records is None else records
        first = simulator.load(scenes)
        self._records.append(_Record(first))
        self._last = first
        self.index = len(self._records) - 1
        self.limit = round(problem.task.horizon * problem.scenes[0].physics.control_hz)

    @property
    def batch(self) -> int:
        """Number of worlds."""
        return len(self._mine.first)

    @property
    def steps(self) -> int:
        """Control steps taken since the reset."""
        return sum(len(a) for a in self._mine.actions)

    @property
    def steps_left(self) -> int:
        """Control steps until the task's horizon."""
        return self.limit - self.steps

    def run(self, actions: Actions) -> WorldTrace:
        """Step all worlds by actions (time, batch, dof), float32 as they will be stored; raises beyond the horizon."""
        self._check_live()
        if len(actions) > self.steps_left:
            raise TaskloomError(
                f"{len(actions)} steps asked, {self.steps_left} left until the horizon of {self.limit}."
            )
        actions = np.ascontiguousarray(actions, dtype=np.float32)
        trace = self._simulator.run(actions)
        self._mine.actions.append(actions)
        self._mine.traces.append(trace)
        self._last = trace.at(-1)
        return trace

    def state(self) -> WorldState:
        """The present, privileged state."""
        return self._last

    def recorded(self) -> Actions:
        """All actions since the reset, (time, batch, dof)."""
        return self._mine.recorded()

    def trace(self) -> WorldTrace | None:
        """All states after the reset, or None before the first step."""
        return self._mine.trace()

    def trial(self, copies: int = 1) -> BatchWorlds:
        """Every scene ``copies`` times from its reset, as the next trial; any handle may be asked for it.

        Afterwards all earlier handles can do no more than that.
        """
        return BatchWorlds(self._simulator, self._problem, copies=copies, records=self._records)

    def look(self, cameras: Sequence[CameraSpec], row: int, steps: Sequence[int]) -> Mapping[str, Frames]:
        """Pictures (len(steps), ...) of one world of this trial at some of its steps (0 = the reset), by camera name.

        The world is replayed for it in a scene of its own, after which this handle and earlier ones stop working
        (:meth:`trial` still does).
        """
        if not steps or min(steps) < 0 or max(steps) > self.steps:
            raise InvalidInputError(f"Steps {list(steps)}: this trial has steps 0 to {self.steps}.")
        scene = self._problem.scenes[row % len(self._problem.scenes)].model_copy(update={"cameras": tuple(cameras)})
        actions, names = self.recorded()[:, row : row + 1], [c.name for c in cameras]
        self._simulator.load([scene])
        seen: dict[int, Mapping[str, Frames]] = {}
        done = 0
        for step in sorted(set(steps)):
            if step > done:
                self._simulator.run(np.ascontiguousarray(actions[done:step]))
            seen[step], done = self._simulator.render(names, ("rgb",)), step
        return {name: _in_time([seen[step][name] for step in steps]) for name in names}

    def see(self, cameras: Sequence[str], what: Sequence[Channel], rows: Sequence[int]) -> Mapping[str, Frames]:
        """Images of the present state of some worlds, from cameras that this trial was given."""
        self._check_live()
        return self._simulator.render(cameras, what, rows)

    def practice(self, scenes: Sequence[SceneSpec]) -> PracticeWorlds:
        """Worlds of ``scenes``, which need not be the problem's.

        Trials so far stop working (:meth:`trial` still does, and ends the practice). Any handle may be asked for it.
        """
        return PracticeWorlds(self._simulator, scenes)

    def outcome_history(self, outcome: Outcome, scene: int) -> WorldState | None:
        """The states (steps + 1) that an outcome of scene number ``scene`` stands on, the one at the reset first.

        None where it has no actions.

        Raises :class:`TaskloomError` when its actions are not the first ones of its row.
        """
        record = self._records[outcome.trial]
        row = scene if outcome.row is None else outcome.row
        if row % len(self._problem.scenes) != scene:
            raise TaskloomError(f"The outcome of scene {scene} stands on row {row}, which is of another scene.")
        length, actions, trace = len(outcome.actions), record.recorded(), record.trace()
        if not np.array_equal(actions[:length, row], outcome.actions):
            raise TaskloomError(f"The actions of scene {scene}'s outcome are not those that its world was given.")
        if trace is None or not length:
            return None
        return WorldState.stack([record.first.rows(slice(row, row + 1)), trace.row(row).rows(slice(0, length))])

    @property
    def _mine(self) -> _Record:
        return self._records[self.index]

    def _check_live(self) -> None:
        if self.index != len(self._records) - 1:
            raise TaskloomError("This trial is over: a later one has taken its worlds. Use the newest handle.")


class PracticeWorlds:
    """Worlds to practise in: driven at will, in any scene of one build, and nothing of it is recorded."""

    def __init__(self, simulator: Simulator, scenes: Sequence[SceneSpec]) -> None:
        self._simulator = simulator
        self._last = simulator.load([scene.physics_only() for scene in scenes])

    @property
    def batch(self) -> int:
        """Number of worlds."""
        return len(self._last)

    def put(self, rows: Sequence[int], scenes: Sequence[SceneSpec]) -> WorldState:
        """Put worlds in the initial states of other scenes of the same build; returns the state of all rows."""
        self._last = self._simulator.put(rows, [scene.physics_only() for scene in scenes])
        return self._last

    def run(self, actions: Actions) -> WorldTrace:
        """Step all worlds by actions (time, batch, dof)."""
        trace = self._simulator.run(np.ascontiguousarray(actions, dtype=np.float32))
        self._last = trace.at(-1)
        return trace

    def state(self) -> WorldState:
        """The present state."""
        return self._last


def attempt(simulator: Simulator, problem: Problem, solver: Solver | SeeingSolver) -> Solution:
    """Let ``solver`` attempt the scenes of ``problem``, then judge each outcome.

    It is a success if the goal held for HOLD_SECONDS at its end and its conduct is one that a robot may copy. A solver
    that has a :class:`Sight` is granted what it sees and feels, and no state (:mod:`pipeline.seeing`).
    """
    sight = sight_of(solver)
    worlds = BatchWorlds(simulator, problem, sight=sight)
    if sight is None:
        solution = cast("Solver", solver)(problem, worlds)
    else:
        solution = solve_seeing(problem, worlds, cast("SeeingSolver", solver))
    if len(solution.outcomes) != worlds.batch:
        raise TaskloomError(
            f"The solver returned {len(solution.outcomes)} outcomes for {worlds.batch} worlds; it owes one a world."
        )
    judged = [
        _judged(problem, outcome, i, worlds.outcome_history(outcome, i)) for i, outcome in enumerate(solution.outcomes)
    ]
    return replace(solution, outcomes=judged)


def achieved(problem: Problem, states: WorldState | None) -> bool:
    """Whether the goal held over the last HOLD_SECONDS of one world's ``states`` (time)."""
    need = hold_steps(problem)
    if states is None or len(states) < need:
        return False
    return bool(holds(parse(problem.task.goal), states.rows(slice(len(states) - need, len(states)))).all())


def misconduct(scene: SceneSpec, history: WorldState, outcome: Outcome) -> Diagnosis | None:
    """The first thing in time that a robot should not copy; None for an attempt that may become a demonstration.

    ``history`` (steps + 1) are the states of its world, the one at the reset first.
    """
    found = findings(scene, history, outcome.actions)
    if not found:
        return None
    first = min(found, key=lambda finding: finding.step)
    stage = int(outcome.stages[max(first.step - 1, 0)])
    more = f", and {len(found) - 1} findings more" if len(found) > 1 else ""
    return Diagnosis(
        cause=first.cause,
        stage=outcome.stage_names[stage] if stage < len(outcome.stage_names) else "",
        expected=f"at most {first.limit:.4g} {first.unit}",
        seen=f"{first.what}{more}",
        amount=first.amount,
        time=round(first.step / scene.physics.control_hz, 3),
        bodies=first.bodies,
    )


def hold_steps(problem: Problem) -> int:
    """Control steps for which a goal must hold at the end of an episode."""
    return round(HOLD_SECONDS * problem.scenes[0].physics.control_hz)


def _judged(problem: Problem, outcome: Outcome, scene: int, history: WorldState | None) -> Outcome:
    states = None if history is None else history.rows(slice(1, None))
    reached = achieved(problem, states)
    wrong = misconduct(problem.scenes[scene], history, outcome) if reached and history is not None else None
    success = reached and wrong is None
    diagnosis = Diagnosis() if success else wrong or _why(outcome)
    lessons = outcome.lessons if success else ()  # what was not confirmed teaches nothing
    return replace(outcome, success=success, diagnosis=diagnosis, trace=states, lessons=lessons)


def _why(outcome: Outcome) -> Diagnosis:
    if outcome.diagnosis.cause != "none":
        return outcome.diagnosis
    return Diagnosis(cause="goal_unmet", stage="end", expected=f"goal held for {HOLD_SECONDS} s", seen="it did not")


def _in_time(frames: Sequence[Frames]) -> Frames:
    def joined(name: str) -> np.ndarray | None:
        parts = [getattr(f, name) for f in frames]
        return None if parts[0] is None else np.concatenate(parts)

    return Frames(**{name: joined(name) for name in ("rgb", "depth", "segmentation", "pose", "points")})
