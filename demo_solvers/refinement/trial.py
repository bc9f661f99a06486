"""One trial: programs side by side in a problem's worlds, each judged by the goal and diagnosed from its states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from demo_solvers.conduct import NONE, Drive, conduct
from demo_solvers.diagnosis import Attempted, Failure, diagnose
from demo_solvers.execution import Execution, Span
from demo_solvers.lanes import side_by_side
from pipeline.core.doors import Problem, TrialWorlds, Worlds
from pipeline.core.episode import Outcome
from pipeline.core.program import Program
from pipeline.core.world import WorldState
from pipeline.holds import parse, progress
from pipeline.rollout import achieved, misconduct


@dataclass(frozen=True, eq=False)
class Tried:
    """How one program did in all scenes of a problem."""

    program: Program
    outcomes: tuple[Outcome, ...]  # one a scene, judged as the rollout will
    failures: tuple[Failure, ...]  # of those that are none
    starts: WorldState  # (scenes,) at the reset
    ends: WorldState  # (scenes,) the last state of each
    spans: tuple[Span, ...]
    progress: float  # mean share of the goal's literals that are true at the end
    jerk: float | None  # rad^2/s^6
    worlds: TrialWorlds  # the trial

    @property
    def solved(self) -> int:
        """Scenes whose goal was reached in a way that a demonstration may be written of."""
        return sum(o.success for o in self.outcomes)

    @property
    def merit(self) -> tuple[float, float]:
        """Greater is better: success, then, where nothing was solved, how far it got."""
        return self.solved, self.progress if self.solved == 0 else 0.0

    @property
    def rank(self) -> tuple[float, float, float]:
        """Greater is better: merit, then smoothness."""
        return *self.merit, -(self.jerk if self.jerk is not None else np.inf)


def tried(
    programs: Sequence[Program], problem: Problem, trial: TrialWorlds, *, instead: Mapping[int, Drive] = NONE
) -> list[Tried]:
    """Run each program in its own copy of the scenes; copy k of ``trial``'s rows is for program k.

    ``instead`` carries out the stages that it has the numbers of.
    """
    scenes = len(problem.scenes)
    still = np.array([s.robot_start for s in problem.scenes] * len(programs), np.float32)
    lanes = [
        (range(k * scenes, (k + 1) * scenes), _driver(program, problem, trial, instead, first=k * scenes))
        for k, program in enumerate(programs)
    ]
    return side_by_side(trial, lanes, still=still)


def jerk_of(actions: np.ndarray, *, joints: int, rate: float) -> float:
    """Mean square jerk of the commanded joints of actions (time, dof), rad^2/s^6; 0 for fewer than four steps."""
    third = np.diff(actions[:, :joints].astype(float), n=3, axis=0) * rate**3
    return float(np.mean(third**2)) if len(third) else 0.0


def _driver(
    program: Program, problem: Problem, trial: TrialWorlds, instead: Mapping[int, Drive], *, first: int
) -> Callable[[Worlds], Tried]:
    def drive(worlds: Worlds) -> Tried:
        start = worlds.state()
        ex = conduct(program, problem, worlds, instead=instead)
        histories = _histories(start, worlds)
        outcomes = [
            _judged(problem, replace(o, trial=trial.index, row=first + row), row, history, ex)
            for row, (o, history) in enumerate(zip(ex.outcomes(), histories, strict=True))
        ]
        attempted = Attempted(program, problem.task.goal, tuple(ex.spans), ex.rate)
        failures = [
            diagnose(attempted, o.diagnosis, histories[row], scene=row)
            for row, o in enumerate(outcomes)
            if not o.success
        ]
        by_scene = {f.scene: f.root for f in failures}
        width = ex.robot.width_column
        solved = [jerk_of(o.actions, joints=width, rate=ex.rate) for o in outcomes if o.success]
        return Tried(
            program=program,
            outcomes=tuple(replace(o, diagnosis=by_scene.get(i, o.diagnosis)) for i, o in enumerate(outcomes)),
            failures=tuple(failures),
            starts=start,
            ends=worlds.state(),
            spans=tuple(ex.spans),
            progress=round(float(progress(parse(problem.task.goal), worlds.state()).mean()), 6),
            jerk=round(float(np.mean(solved)), 3) if solved else None,
            worlds=trial,
        )

    return drive


def _judged(problem: Problem, outcome: Outcome, row: int, history: WorldState, ex: Execution) -> Outcome:
    """The outcome of scene ``row`` as the rollout will judge it; misconduct knows the stage of the program."""
    reached = achieved(problem, _after(history))
    wrong = misconduct(problem.scenes[row], history, outcome) if reached else None
    if wrong is None:
        return replace(outcome, success=reached)
    step = round((wrong.time or 0.0) * ex.rate)
    number = next((s.number for s in ex.spans if s.begin < step <= s.end), None)
    return replace(outcome, success=False, diagnosis=wrong.model_copy(update={"number": number}))


def _histories(start: WorldState, worlds: Worlds) -> list[WorldState]:
    """The states of each row over time, the one at the reset first."""
    trace = worlds.trace()
    rows = [start.rows(slice(i, i + 1)) for i in range(worlds.batch)]
    return rows if trace is None else [WorldState.stack([r, trace.row(i)]) for i, r in enumerate(rows)]


def _after(history: WorldState) -> WorldState | None:
    return history.rows(slice(1, None)) if len(history) > 1 else None
