"""Replay validation: run an attempt again from its reset, check it bit for bit, and film it in the same pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from pipeline.core import poses
from pipeline.core.doors import Channel, Problem, Simulator
from pipeline.core.episode import Diagnosis, Episode, Outcome, Provenance
from pipeline.core.errors import InvalidInputError
from pipeline.core.kinematics import forward_kinematics
from pipeline.core.robot import RobotSpec
from pipeline.core.scene import SceneSpec
from pipeline.core.world import F32, Actions, Frames, WorldState, WorldTrace
from pipeline.holds import holds, parse, progress
from pipeline.rollout import achieved, misconduct

Film = TypeVar("Film", bound=NDArray[Any])
FARTHEST = np.iinfo(np.uint16).max
"""Depth [mm] beyond which a pixel counts as seeing nothing."""
NOTHING = "nothing"
"""What segmentation calls a pixel that shows no body."""


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
    depth: dict[str, NDArray[np.uint16]] = field(default_factory=dict)  # (T, batch, height, width)  mm, 0 = nothing
    seg: dict[str, NDArray[np.uint8]] = field(default_factory=dict)  # (T, batch, height, width)  body column + 1

    def row(self, index: int, steps: int) -> Replay:
        """The first ``steps`` steps of one world by itself."""
        after = self.final if steps == self.states.time else self.states.at(steps)
        states = self.states.row(index).rows(slice(0, steps))
        here = slice(index, index + 1)

        def cut(film: dict[str, Film]) -> dict[str, Film]:
            return {name: cast(Film, images[:steps, here]) for name, images in film.items()}

        return Replay(
            WorldTrace(steps, 1, states),
            after.rows(here),
            cut(self.rgb),
            cut(self.camera_pose),
            cut(self.depth),
            cut(self.seg),
        )


def validate(
    simulator: Simulator,
    problem: Problem,
    outcomes: Sequence[Outcome],
    *,
    rows: Sequence[int],
    solver_name: str,
    provenance: Provenance,
    channels: Sequence[Channel] = ("rgb",),
) -> list[Validation]:
    """Replay the given rows from their reset with pictures, and turn those that prove themselves into episodes.

    ``channels`` are what every camera of the scene films: ``rgb``, ``depth``, ``segmentation``.
    On an exact engine every replayed state must equal the attempt's in every bit; on any engine the goal must hold
    at the end of the replay as well, and nothing in its :mod:`~pipeline.conduct` may be amiss.
    """
    if not rows:
        return []
    part = problem.of(rows)
    film = replay(
        simulator, part, _together([outcomes[r].actions for r in rows]), cameras=_cameras(part), channels=channels
    )
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


def replay(
    simulator: Simulator,
    problem: Problem,
    actions: Actions,
    *,
    cameras: Sequence[str],
    channels: Sequence[Channel] = ("rgb",),
) -> Replay:
    """Run actions (T, batch, dof) from the loaded initial state, looking through ``cameras`` before each action."""
    if not len(actions):
        raise InvalidInputError("There is nothing to replay: the attempt has no actions.")
    state = simulator.load(list(problem.scenes))
    if not cameras:
        trace = simulator.run(actions)
        states = WorldTrace.of([state, *(trace.at(t) for t in range(trace.time - 1))])
        return Replay(states, trace.at(-1), {}, {})
    states, frames = [state], list[dict[str, dict[str, NDArray[Any]]]]()
    for action in actions:
        frames.append({name: _stored(image) for name, image in simulator.render(cameras, tuple(channels)).items()})
        states.append(simulator.run(action[None]).at(-1))
    film = {
        channel: {name: np.stack([frame[name][channel] for frame in frames]) for name in cameras}
        for channel in frames[0][cameras[0]]
    }
    return Replay(WorldTrace.of(states[:-1]), states[-1], film.pop("rgb", {}), **film)


def millimetres(depth: F32) -> NDArray[np.uint16]:
    """Depth in m as whole mm; 0, which means nothing, where nothing was hit or it is too far for the type."""
    scaled = np.rint(depth.astype(np.float64) * 1000)
    return np.where(np.isfinite(scaled) & (scaled > 0) & (scaled <= FARTHEST), scaled, 0).astype(np.uint16)


def _stored(image: Frames) -> dict[str, NDArray[Any]]:
    """What was rendered, in the types that are stored."""
    assert image.pose is not None
    out: dict[str, NDArray[Any]] = {"camera_pose": image.pose}
    if image.rgb is not None:
        out["rgb"] = image.rgb
    if image.depth is not None:
        out["depth"] = millimetres(image.depth)
    if image.segmentation is not None:
        out["seg"] = (image.segmentation + 1).astype(np.uint8)
    return out


def same_states(a: WorldState, b: WorldState) -> bool:
    """Whether two sequences of states agree in every bit."""
    names = [f.name for f in fields(WorldState) if f.name != "layout"]
    return all(np.array_equal(getattr(a, n), getattr(b, n)) for n in names)


def _seg_names(bodies: tuple[str, ...]) -> tuple[str, ...]:
    """What each value of a segmentation image is; :class:`InvalidInputError` when a byte cannot tell them apart."""
    names = (NOTHING, *bodies)
    if len(names) > 256:
        raise InvalidInputError(f"Segmentation tells 255 bodies apart, the scene has {len(bodies)}; leave out 'seg'.")
    return names


def end_effector_targets(robot: RobotSpec, actions: Actions) -> F32:
    """Commanded tool pose (T, 8): T_base_tool [m; qw qx qy qz], width [m]; of several arms the first one's.

    Quaternions are continuous in sign, and the largest number of the first is positive: a tool that points down has qw
    around 0, whose sign would give like motions of two episodes opposite quaternions.
    """
    tool = np.array(forward_kinematics(robot, actions[:, :-1]), np.float64)
    turned = np.sum(tool[1:, 3:] * tool[:-1, 3:], axis=1) < 0
    sign = np.cumprod(np.where(turned, -1.0, 1.0))
    tool[1:, 3:] *= sign[:, None]
    if tool[0, 3 + np.argmax(np.abs(tool[0, 3:]))] < 0:
        tool[:, 3:] *= -1
    return np.concatenate([tool, actions[:, robot.width_column, None]], axis=1).astype(np.float32)


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
    actions, states, goal = outcome.actions, film.states.flat, parse(problem.task.goal)
    return Episode(
        task=problem.task,
        scene=scene,
        states=states,
        final=film.final,
        actions=actions,
        ee_delta=end_effector_deltas(scene.robot, np.array(scene.robot_start), actions),
        ee_target=end_effector_targets(scene.robot, actions),
        progress=progress(goal, states),
        success=holds(goal, states),
        stage=outcome.stages[: len(actions)],
        stage_names=outcome.stage_names,
        rgb={name: images[:, 0] for name, images in film.rgb.items()},
        camera_pose={name: pose[:, 0] for name, pose in film.camera_pose.items()},
        solver=solver,
        provenance=provenance,
        attempt=row,
        depth={name: images[:, 0] for name, images in film.depth.items()},
        seg={name: images[:, 0] for name, images in film.seg.items()},
        seg_names=_seg_names(states.layout.bodies) if film.seg else (),
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
