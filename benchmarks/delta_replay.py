"""Whether stored end-effector deltas carry a demonstration: through their controller, do they reach the goal?

    python -m benchmarks.delta_replay DATASET [--episodes 20] [--batch 16]

Each episode's ``action_ee_delta`` goes through :mod:`pipeline.delta_control`, and the resulting joint targets through a
simulator built from the dataset alone, from the episode's reset. After the last delta the robot holds still for 0.5 s,
in which the goal must hold at every step. Episodes of one build are stepped as one batch; the shorter ones are judged
in their own 0.5 s.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from benchmarks._cells import Cell, Cells, parser, percent, processes, save, table
from flows.replay import recorded_on
from flows.stages import make_simulator
from pipeline.core.doors import Simulator
from pipeline.core.intervals import wilson
from pipeline.core.kinematics import forward_kinematics
from pipeline.core.scene import SceneSpec
from pipeline.core.world import F32, Actions, WorldTrace
from pipeline.dataset.files import DatasetFiles
from pipeline.dataset.reader import DatasetReader, StoredEpisode
from pipeline.delta_control import delta_to_joints
from pipeline.holds import holds, parse
from pipeline.rollout import HOLD_SECONDS

NAME = "delta_replay"
TARGET = 0.95


def main() -> None:
    """Measure, print and save."""
    options = _options()
    reader, cells, episodes = DatasetReader(options.dataset), Cells(NAME), list[Cell]()
    chosen = range(len(reader))[: options.episodes]
    backend = options.backend or recorded_on(reader.episode(0))
    with processes(backend=backend) as pool:
        for numbers in _batches(reader, chosen, size=options.batch):
            ids = [reader.episode(k).id for k in numbers]
            digest = hashlib.sha256("".join(ids).encode()).hexdigest()[:12]
            key = {"task": reader.episode(numbers[0]).task.name, "episodes": digest, "backend": backend}
            measure = cells.get(key, lambda n=numbers: pool.submit(_replay, options.dataset, n, backend).result())
            episodes += measure["episodes"]
    tasks = {
        name: _sum([e for e in episodes if e["task"] == name]) for name in dict.fromkeys(e["task"] for e in episodes)
    }
    total = _sum(episodes)
    _print(tasks, total)
    save(NAME, options, target=TARGET, backend=backend, total=total, tasks=tasks, episodes=episodes)


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("dataset", help="folder or URL of a dataset")
    made.add_argument("--episodes", type=int, help="only the first so many")
    made.add_argument("--batch", type=int, default=16, help="worlds stepped at once, at most (default 16)")
    made.add_argument("--backend", help="default: the one that recorded the dataset")
    return made.parse_args()


def _batches(reader: DatasetReader, numbers: Sequence[int], *, size: int) -> Iterator[list[int]]:
    """Episodes of one build key together, in order."""
    groups = dict[str, list[int]]()
    for number in numbers:
        groups.setdefault(_blind(reader.episode(number)).build_key, []).append(number)
    for group in groups.values():
        yield from (group[first : first + size] for first in range(0, len(group), size))


def _blind(episode: StoredEpisode) -> SceneSpec:
    return episode.scene.physics_only()


@cache
def _opened(place: str, backend: str) -> tuple[DatasetReader, Simulator]:
    reader = DatasetReader(place)
    return reader, make_simulator(backend, DatasetFiles(reader))


def _replay(place: str, numbers: Sequence[int], backend: str) -> Cell:
    """Replay the deltas of some episodes as one batch, in a process of its own."""
    reader, simulator = _opened(place, backend)
    episodes = [reader.episode(number) for number in numbers]
    scenes = [_blind(episode) for episode in episodes]
    joints = [
        _joints(scene, episode.arrays["action_ee_delta"]) for scene, episode in zip(scenes, episodes, strict=True)
    ]
    hold = round(HOLD_SECONDS * reader.control_hz)
    longest = max(len(j) for j in joints) + hold
    simulator.load(scenes)
    trace = simulator.run(np.stack([_held(j, longest) for j in joints], axis=1))
    return {"episodes": [_judge(e, trace, i, joints[i], hold=hold) for i, e in enumerate(episodes)]}


def _joints(scene: SceneSpec, deltas: F32) -> F32:
    """Joint targets (time, dof) of one episode's deltas (time, 7)."""
    start = np.array(scene.robot_start, np.float32)[None]
    return delta_to_joints(scene.robot, start, deltas[:, None])[:, 0]


def _held(joints: F32, steps: int) -> F32:
    """The targets (steps, dof), the last one held."""
    return np.concatenate([joints, np.repeat(joints[-1:], steps - len(joints), axis=0)])


def _judge(episode: StoredEpisode, trace: WorldTrace, row: int, joints: F32, *, hold: int) -> Cell:
    end = episode.length + hold
    states, goal = trace.row(row), parse(episode.task.goal)
    before = states.rows(slice(episode.length - 1, episode.length))
    stored = episode.final_object_pose
    moved = before.pose[0, -len(stored) :, :3] - stored[:, :3] if len(stored) else np.zeros((1, 3))
    return {
        "episode": episode.index,
        "id": episode.id,
        "task": episode.task.name,
        "steps": episode.length,
        "reached": bool(holds(goal, states.rows(slice(episode.length, end))).all()),
        "object_gap_m": round(float(np.linalg.norm(moved, axis=-1).max()), 5),
        "commanded_gap_m": round(_commanded_gap(episode, joints), 6),
        "joint_gap_rad": round(float(np.abs(joints - episode.actions)[:, :-1].max()), 4),
    }


def _commanded_gap(episode: StoredEpisode, joints: Actions) -> float:
    """Largest distance [m] between the tool as recorded joints command it and as the controller's do."""
    robot = episode.scene.robot
    apart = forward_kinematics(robot, episode.actions)[:, :3] - forward_kinematics(robot, joints)[:, :3]
    return float(np.linalg.norm(apart, axis=1).max())


def _sum(episodes: Sequence[Cell]) -> dict[str, Any]:
    reached = sum(e["reached"] for e in episodes)
    return {
        "episodes": len(episodes),
        "reached": reached,
        "rate": reached / len(episodes) if episodes else None,
        "wilson_95": wilson(reached, len(episodes)),
        "worst_object_gap_m": max((e["object_gap_m"] for e in episodes), default=0.0),
        "worst_commanded_gap_m": max((e["commanded_gap_m"] for e in episodes), default=0.0),
    }


def _print(tasks: dict[str, Cell], total: Cell) -> None:
    rows = [
        (
            name,
            f"{s['reached']}/{s['episodes']}",
            "-" if s["rate"] is None else percent(s["rate"]),
            f"{s['wilson_95'][0]:.0%}..{s['wilson_95'][1]:.0%}",
            f"{s['worst_commanded_gap_m'] * 1000:.2f} mm",
            f"{s['worst_object_gap_m'] * 1000:.1f} mm",
        )
        for name, s in [*tasks.items(), ("all", total)]
    ]
    table(("task", "reached", "share", "95%", "worst tool gap", "worst object gap"), rows)
    print(f"target: {percent(TARGET)}")


if __name__ == "__main__":
    main()
