"""Smoothing: what a policy did is low-passed, slowed down to what the arm may do, and carried out once more.

A policy decides ten times a second and leaps; a demonstration should not. The motion that took it to the goal is played
again without it, smooth and within the limits of velocity, acceleration and jerk. A scene whose goal is not reached
like that keeps its first attempt if that was smooth enough to copy, and else has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from demo_solvers.learning.acting import LEARNED
from demo_solvers.planning.arm import Arm, Array
from pipeline.core.doors import Problem, TrialWorlds
from pipeline.core.episode import Diagnosis, Outcome
from pipeline.core.world import Actions, Bools, WorldState
from pipeline.rollout import achieved, misconduct

REACH = 3  # control steps to each side that the low pass looks at
EFFORT = 0.8  # of the arm's limits that a smoothed motion may use
SLOWEST = 3.0  # times that a motion may be slowed down
ROUGH = 1.5  # of the arm's limits beyond which a motion is none to copy
IDLE = 6  # control steps that are left of a longer stand-still within a learned stage


@dataclass(frozen=True, eq=False)
class Motion:
    """Commands (time, dof) of one world with the stage (time,) that each belongs to."""

    actions: Actions
    stages: NDArray[np.uint8]


def smoothed(problem: Problem, worlds: TrialWorlds, outcomes: Sequence[Outcome]) -> list[Outcome]:
    """``outcomes`` with the learned motions of those that succeeded made smooth, or taken back where they are rough."""
    arm, rate = Arm(problem.scenes[0].robot), problem.scenes[0].physics.control_hz
    starts = np.array([scene.robot_start for scene in problem.scenes], np.float32)
    limit = round(problem.task.horizon * rate)
    motions = [
        smooth(o, start, arm, rate) if o.success and _is_learned(o).any() else None
        for o, start in zip(outcomes, starts, strict=True)
    ]
    kept = [m if m is not None and len(m.actions) <= limit else None for m in motions]
    if not any(kept):
        return [_copied(o, arm, rate, start) for o, start in zip(outcomes, starts, strict=True)]
    trial = worlds.trial()
    steps = max(len(m.actions) for m in kept if m is not None)
    rows = [_padded(m, start, steps) for m, start in zip(kept, starts, strict=True)]
    first, trace = trial.state(), trial.run(np.ascontiguousarray(np.stack(rows, axis=1)))
    found = list[Outcome]()
    for row, (outcome, motion) in enumerate(zip(outcomes, kept, strict=True)):
        again = None if motion is None else replace(
            outcome, actions=motion.actions, stages=motion.stages, trial=trial.index, row=row
        )  # fmt: skip
        if again is not None and motion is not None:
            history = WorldState.stack(
                [first.rows(slice(row, row + 1)), trace.row(row).rows(slice(0, len(motion.actions)))]
            )
            if _good(problem, row, history, again):
                found.append(again)
                continue
        found.append(_copied(outcome, arm, rate, starts[row]))
    return found


def smooth(outcome: Outcome, start: NDArray[np.floating], arm: Arm, rate: float) -> Motion:
    """The motion of ``outcome`` with its learned stretches low-passed, without long stand-stills, and slow enough."""
    columns = arm.columns
    track = np.concatenate([start[None], outcome.actions]).astype(float)
    learned = np.concatenate([[False], _is_learned(outcome)])
    soft = np.where(learned[:, None], _low_passed(track), track)[:, columns]
    track[:, columns] = soft
    keep = ~_idle(track, learned)
    keep[0] = True
    track, learned = track[keep], learned[keep]
    stages = np.concatenate([outcome.stages[:1], outcome.stages])[keep]
    pace = np.where(learned[1:], 1.0 / _slower(track[:, columns], learned, arm, rate), 1.0)
    at = np.concatenate([[0.0], np.cumsum(1.0 / pace)])  # time, in control steps, at which each command is reached
    when = np.arange(1, int(np.ceil(at[-1])) + 1, dtype=float)
    values = np.stack([np.interp(when, at, column) for column in track.T], axis=1)
    index = np.clip(np.searchsorted(at, when), 1, len(track) - 1)
    return Motion(values.astype(np.float32), stages[index])


def roughness(actions: Actions, start: NDArray[np.floating], arm: Arm, rate: float) -> float:
    """The greatest share of the arm's limits of velocity, acceleration and jerk that commands (time, dof) ask for."""
    track = np.concatenate([np.repeat(start[None], 3, axis=0), actions])[:, arm.columns].astype(float)
    most = 0.0
    for limit in (arm.max_velocity, arm.max_acceleration, arm.max_jerk):
        track = np.diff(track, axis=0) * rate
        most = max(most, float(np.abs(track / limit).max(initial=0.0)))
    return most


def _slower(track: Array, learned: Bools, arm: Arm, rate: float) -> float:
    """By how much the learned stretches have to be slowed down to keep to ``EFFORT`` of the limits."""
    factor, change = 1.0, np.concatenate([np.repeat(track[:1], 3, axis=0), track])
    near = np.convolve(learned, np.ones(2 * REACH + 1), mode="same") > 0
    for order, limit in enumerate((arm.max_velocity, arm.max_acceleration, arm.max_jerk), 1):
        change = np.diff(change, axis=0) * rate
        share = np.abs(change / (EFFORT * limit)).max(axis=1)[-len(track) :]
        factor = max(factor, float(share[near].max(initial=0.0)) ** (1 / order))
    return min(factor, SLOWEST)


def _low_passed(track: Array) -> Array:
    """Commands (time, dof) averaged over neighbours with the weights of a Hann window; the ends stay where they are."""
    weights = np.hanning(2 * REACH + 3)[1:-1]
    padded = np.concatenate([np.repeat(track[:1], REACH, axis=0), track, np.repeat(track[-1:], REACH, axis=0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, len(weights), axis=0)
    return windows @ (weights / weights.sum())


def _idle(track: Array, learned: Bools) -> Bools:
    """Steps (time,) of learned stretches in which nothing has been commanded for more than ``IDLE`` steps."""
    still = np.concatenate([[False], (np.abs(np.diff(track, axis=0)).max(axis=1) < 1e-7)]) & learned
    run, found = 0, np.zeros(len(track), bool)
    for step, is_still in enumerate(still):
        run = run + 1 if is_still else 0
        found[step] = run > IDLE
    return found


def _is_learned(outcome: Outcome) -> Bools:
    """Steps (time,) in which a policy was at work."""
    if not len(outcome.stages):
        return np.zeros(0, bool)
    return np.array([name.startswith(LEARNED) for name in outcome.stage_names])[outcome.stages]


def _padded(motion: Motion | None, start: NDArray[np.float32], steps: int) -> Actions:
    actions = start[None] if motion is None else motion.actions
    return np.concatenate([actions, np.repeat(actions[-1:], steps - len(actions), axis=0)])


def _good(problem: Problem, row: int, history: WorldState, outcome: Outcome) -> bool:
    reached = achieved(problem, history.rows(slice(1, None)))
    return reached and misconduct(problem.scenes[row], history, outcome) is None


def _copied(outcome: Outcome, arm: Arm, rate: float, start: NDArray[np.floating]) -> Outcome:
    """The outcome as it is, unless a policy had part in it and it is too rough to copy."""
    if not outcome.success or not _is_learned(outcome).any():
        return outcome
    rough = roughness(outcome.actions, start, arm, rate)
    if rough <= ROUGH:
        return outcome
    why = Diagnosis(
        cause="over_limits",
        stage="smoothing",
        expected=f"at most {ROUGH:g} of the arm's limits of velocity, acceleration and jerk",
        seen="a learned motion that is rougher, and misses the goal when it is smoothed",
        amount=round(rough, 3),
    )
    return replace(outcome, success=False, diagnosis=why)
