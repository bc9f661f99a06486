"""Replay validation: run an attempt again from its reset, check it bit for bit, and film it in the same pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from pipeline.core import poses
from pipeline.core.doors import Problem, Simulator
from pipeline.core.episode import Diagnosis, Episode, Outcome, Provenance
from pipeline.core.errors import InvalidInputError
from pipeline.core.kinematics import forward_kinematics
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec
from pipeline.core.world import F32, Actions, WorldState, WorldTrace
from pipeline.holds import parse, progress
from pipeline.rollout import achieved, misconduct


@dataclass(frozen=True, eq=False)
class Validation:
    """What became of one attempt: an episode to write, or why there is none."""

    row: int
    episode: Episode | None
    diagnosis: Diagnosis


@dataclass(frozen=True, eq=False)
class Replay:
    """One pass over recorded actions: the T observed states, the state after the last action, and the pictures."""

    states: WorldTrace
    final: WorldState
    rgb: dict[str, NDArray[np.uint8]]  # (T, batch, height, width, 3)
    camera_pose: dict[str, F32]  # (T, batch, 7)

    def row(self, index: int, steps: int) -> Replay:
        """The first ``steps`` steps of one world by itself."""
        after = self.final if steps == self.states.time else self.states.at(steps)
        states = self.states.row(index).rows(slice(0, steps))
        here = slice(index, index + 1)
        return Replay(
            WorldTrace(steps, 1, states),
            after.rows(here),
            {name: images[:steps, here] for name, images in self.rgb.items()},
            {name: pose[:steps, here] for name, pose in self.camera_pose.items()},
        )


def validate(
    simulator: Simulator,
    problem: Problem,
    outcomes: Sequence[Outcome],
    *,
    rows: Sequence[int],
    solver_name: str,
    provenance: Provenance,
) -> list[Validation]:
    """Replay the given rows from their reset with pictures, and turn those that prove themselves into episodes.

    On an exact engine every replayed state must equal the attempt's in every bit; on any engine the goal must hold
    at the end of the replay as well, and nothing in its :mod:`~pipeline.conduct` may be amiss.
    """
    if not rows:
        return []
    part = problem.of(rows)
    film = replay(simulator, part, _together([outcomes[r].actions for r in rows]), cameras=_cameras(part))
    results: list[Validation] = []
    for i, row in enumerate(rows):
        alone = film.row(i, len(outcomes[row].actions))
        diagnosis = _check(part, alone, outcomes[row], exact=simulator.info.exact)
        if diagnosis.cause == "none":
            history = WorldState.stack([alone.states.flat, alone.final])
            diagnosis = misconduct(part.scenes[i], history, outcomes[row]) or Diagnosis()
        episode = None
        if diagnosis.cause == "none":
            scene = part.scenes[i]
            episode = _episode(part, scene, alone, outcomes[row], solver=solver_name, provenance=provenance, row=row)
        results.append(Validation(row, episode, diagnosis))
    return results


def _cameras(problem: Problem) -> list[str]:
    return [camera.name for camera in problem.scenes[0].cameras]


def _together(rows: Sequence[Actions]) -> Actions:
    """Actions (time, rows, dof) of worlds that end at different times: what ends earlier repeats its last action."""
    longest = max(len(actions) for actions in rows)
    return np.stack([np.pad(a, ((0, longest - len(a)), (0, 0)), mode="edge") for a in rows], axis=1)


def replay(simulator: Simulator, problem: Problem, actions: Actions, *, cameras: Sequence[str]) -> Replay:
    """Run actions (T, batch, dof) from the loaded initial state, looking through ``cameras`` before each action."""
    if not len(actions):
        raise InvalidInputError("There is nothing to replay: the attempt has no actions.")
    state = simulator.load(list(problem.scenes))
    if not cameras:
        trace = simulator.run(actions)
        states = WorldTrace.of([state, *(trace.at(t) for t in range(trace.time - 1))])
        return Replay(states, trace.at(-1), {}, {})
    states, frames = [state], {name: list[NDArray[np.uint8]]() for name in cameras}
    camera_pose = {name: list[F32]() for name in cameras}
    for action in actions:
        for name, image in simulator.render(cameras, ("rgb",)).items():
            assert image.rgb is not None
            assert image.pose is not None
            frames[name].append(image.rgb)
            camera_pose[name].append(image.pose)
        states.append(simulator.run(action[None]).at(-1))
    return Replay(
        WorldTrace.of(states[:-1]),
        states[-1],
        {name: np.stack(images) for name, images in frames.items()},
        {name: np.stack(p) for name, p in camera_pose.items()},
    )


def same_states(a: WorldState, b: WorldState) -> bool:
    """Whether two sequences of states agree in every bit."""
    names = [f.name for f in fields(WorldState) if f.name != "layout"]
    return all(np.array_equal(getattr(a, n), getattr(b, n)) for n in names)


def end_effector_deltas(robot: RobotSpec, start: NDArray[np.floating], actions: Actions) -> F32:
    """Commanded tool motion (T, 7) per step: translation [m], rotation vector [rad] in the base frame, width [m].

    ``start`` (dof,) is what was commanded at the reset. The last entry is the absolute gripper opening of the
    action. Of a robot with several arms these are the first one's.
    """
    commanded = np.concatenate([np.asarray(start, np.float32)[None], actions])
    tool = forward_kinematics(robot, commanded[:, :-1])
    shift = tool[1:, :3] - tool[:-1, :3]
    turn = poses.quat_to_rotvec(poses.quat_multiply(tool[1:, 3:], poses.quat_conjugate(tool[:-1, 3:])))
    width = actions[:, robot.width_column, None]
    return np.concatenate([shift, turn, width], axis=1).astype(np.float32)


def _episode(
    problem: Problem,
    scene: SceneSpec,
    film: Replay,
    outcome: Outcome,
    *,
    solver: str,
    provenance: Provenance,
    row: int,
) -> Episode:
    """An episode from the film of its world alone."""
    actions, states = outcome.actions, film.states.flat
    return Episode(
        task=problem.task,
        scene=scene,
        states=states,
        final=film.final,
        actions=actions,
        ee_delta=end_effector_deltas(scene.robot, np.array(scene.robot_start), actions),
        progress=progress(parse(problem.task.goal), states),
        stage=outcome.stages[: len(actions)],
        stage_names=outcome.stage_names,
        rgb={name: images[:, 0] for name, images in film.rgb.items()},
        camera_pose={name: pose[:, 0] for name, pose in film.camera_pose.items()},
        solver=solver,
        provenance=provenance,
        attempt=row,
    )


def _check(problem: Problem, film: Replay, outcome: Outcome, *, exact: bool) -> Diagnosis:
    again = WorldState.stack([film.states.flat.rows(slice(1, None)), film.final])
    if not achieved(problem, again):
        expected = "the goal held at the end of the replay"
        return Diagnosis(cause="goal_unmet", stage="replay", expected=expected, seen="it did not")
    if exact and (outcome.trace is None or not same_states(again, outcome.trace)):
        gap = None if outcome.trace is None else float(np.abs(again.pose[-1] - outcome.trace.pose[-1]).max())
        return Diagnosis(
            cause="replay_mismatch", stage="replay", expected="bit-identical states", seen="they differ", amount=gap
        )
    return Diagnosis()
