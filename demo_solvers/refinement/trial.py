"""One trial: programs side by side in a problem's worlds, each judged by the goal and diagnosed from its states."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from demo_solvers.conduct import conduct
from demo_solvers.diagnosis import Attempted, Failure, diagnose
from demo_solvers.execution import Execution, Span
from demo_solvers.lanes import side_by_side
from pipeline.conduct import findings
from pipeline.core.doors import Problem, TrialWorlds, Worlds
from pipeline.core.episode import Diagnosis, Outcome
from pipeline.core.program import Program
from pipeline.core.scene import SceneSpec
from pipeline.core.world import WorldState
from pipeline.holds import parse, progress
from pipeline.rollout import achieved


@dataclass(frozen=True, eq=False)
class Tried:
    """How one program did in all scenes of a problem."""

    program: Program
    outcomes: tuple[Outcome, ...]  # one a scene, success as the goal says
    fit: tuple[bool, ...]  # whether it was reached by a conduct that a demonstration may have
    failures: tuple[Failure, ...]  # of those that are not fit
    starts: WorldState  # (scenes,) at the reset
    ends: WorldState  # (scenes,) the last state of each
    spans: tuple[Span, ...]
    progress: float  # mean share of the goal's literals that are true at the end
    jerk: float | None  # rad^2/s^6
    worlds: TrialWorlds  # the trial

    @property
    def solved(self) -> int:
        """Scenes whose goal was reached in a way that a demonstration may be written of."""
        return sum(self.fit)

    @property
    def merit(self) -> tuple[float, float]:
        """Greater is better: success, then, where nothing was solved, how far it got."""
        return self.solved, self.progress if self.solved == 0 else 0.0

    @property
    def rank(self) -> tuple[float, float, float]:
        """Greater is better: merit, then smoothness."""
        return *self.merit, -(self.jerk if self.jerk is not None else np.inf)


def tried(programs: Sequence[Program], problem: Problem, trial: TrialWorlds) -> list[Tried]:
    """Run each program in its own copy of the scenes; copy k of ``trial``'s rows is for program k."""
    scenes = len(problem.scenes)
    still = np.array([s.robot_start for s in problem.scenes] * len(programs), np.float32)
    lanes = [
        (range(k * scenes, (k + 1) * scenes), _driver(program, problem, trial, first=k * scenes))
        for k, program in enumerate(programs)
    ]
    return side_by_side(trial, lanes, still=still)


def jerk_of(actions: np.ndarray, *, joints: int, rate: float) -> float:
    """Mean square jerk of the commanded joints of actions (time, dof), rad^2/s^6; 0 for fewer than four steps."""
    third = np.diff(actions[:, :joints].astype(float), n=3, axis=0) * rate**3
    return float(np.mean(third**2)) if len(third) else 0.0


def _driver(program: Program, problem: Problem, trial: TrialWorlds, *, first: int) -> Callable[[Worlds], Tried]:
    def drive(worlds: Worlds) -> Tried:
        start = worlds.state()
        ex = conduct(program, problem, worlds)
        histories = _histories(start, worlds)
        outcomes = [
            replace(o, trial=trial.index, row=first + row, success=achieved(problem, _after(h)))
            for row, (o, h) in enumerate(zip(ex.outcomes(), histories, strict=True))
        ]
        attempted = Attempted(program, problem.task.goal, tuple(ex.spans), ex.rate)
        reported = [
            _misconduct(problem.scenes[row], histories[row], o, ex) if o.success else o.diagnosis
            for row, o in enumerate(outcomes)
        ]
        fit = [o.success and why is None for o, why in zip(outcomes, reported, strict=True)]
        failures = [
            diagnose(attempted, why, histories[row], scene=row)
            for row, why in enumerate(reported)
            if not fit[row] and why is not None
        ]
        by_scene = {f.scene: f.root for f in failures}
        width = ex.robot.width_column
        solved = [jerk_of(o.actions, joints=width, rate=ex.rate) for o, ok in zip(outcomes, fit, strict=True) if ok]
        return Tried(
            program=program,
            outcomes=tuple(replace(o, diagnosis=by_scene.get(i, o.diagnosis)) for i, o in enumerate(outcomes)),
            fit=tuple(fit),
            failures=tuple(failures),
            starts=start,
            ends=worlds.state(),
            spans=tuple(ex.spans),
            progress=round(float(progress(parse(problem.task.goal), worlds.state()).mean()), 6),
            jerk=round(float(np.mean(solved)), 3) if solved else None,
            worlds=trial,
        )

    return drive


def _misconduct(scene: SceneSpec, history: WorldState, outcome: Outcome, ex: Execution) -> Diagnosis | None:
    """Why no demonstration may be written of an attempt that reached its goal; None where one may."""
    found = findings(scene, history, outcome.actions)
    if not found:
        return None
    first = min(found, key=lambda finding: finding.step)
    at = next((s.number for s in ex.spans if s.begin < first.step <= s.end), None)
    return Diagnosis(
        cause=first.cause,
        stage=outcome.stage_names[outcome.stages[max(first.step - 1, 0)]],
        expected=f"at most {first.limit:.4g} {first.unit}",
        seen=str(first),
        amount=first.amount,
        number=at,
        time=round(first.step / ex.rate, 3),
        bodies=first.bodies,
    )


def _histories(start: WorldState, worlds: Worlds) -> list[WorldState]:
    """The states of each row over time, the one at the reset first."""
    trace = worlds.trace()
    rows = [start.rows(slice(i, i + 1)) for i in range(worlds.batch)]
    return rows if trace is None else [WorldState.stack([r, trace.row(i)]) for i, r in enumerate(rows)]


def _after(history: WorldState) -> WorldState | None:
    return history.rows(slice(1, None)) if len(history) > 1 else None
