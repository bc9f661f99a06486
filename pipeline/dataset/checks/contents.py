"""What the rows of an episode must be: finite, in range, at the control rate, and true to its record."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.core.robot import RobotSpec
from pipeline.dataset import layout
from pipeline.dataset.checks.problem import Problem
from pipeline.dataset.checks.stored import Stored

COMMANDED, REACHED = (
    1e-4,
    0.02,
)  # rad (or m) beyond a limit of the robot's card: float32 targets, and what a servo makes
CLOCK = 1e-6  # s
UNIT = 1e-3
"""Most by which the length of a quaternion may differ from 1."""
POSES = ("object_pose", "ee_pose", "action_ee_pose")


def content_problems(episode: Stored) -> Iterator[Problem]:
    """Everything wrong with the numbers of one episode."""
    for name, block in episode.arrays.items():
        path = f"{layout.DATA}/{name}"
        if len(block) != episode.length:
            yield Problem(path, episode.index, f"has {len(block)} rows of {episode.length}")
            continue
        for message in _contents(name, block, episode):
            yield Problem(path, episode.index, message)
    yield from _columns(episode)


def _contents(name: str, block: NDArray[Any], episode: Stored) -> Iterator[str]:
    if block.dtype.kind == "f":
        yield from _numbers(name, block, episode)
    if name in _CHECKS:
        yield from _CHECKS[name](block, episode)


def _columns(episode: Stored) -> Iterator[Problem]:
    """The columns of ``meta/`` agree with the record; the id with the actions."""
    record, reader, k = episode.record, episode.reader, episode.index
    if "action" in episode.arrays and record.episode_id(episode.arrays["action"]) != str(
        reader.column("episode_id")[k]
    ):
        yield Problem("data/action", k, "does not belong to meta/episode_id: changed since packing")
    told = {
        "episode_checksum": record.trace_sha256,
        "episode_instruction": record.instruction,
        "episode_solver": record.solver,
        "episode_seed": episode.scene.seed,
        "episode_success": record.outcome.success,
    }
    for name, value in told.items():
        if reader.column(name)[k] != value:
            yield Problem(f"meta/{name}", k, "differs from the one in meta/episode_json")
    if reader.tasks[int(reader.column("episode_task")[k])] != record.task:
        yield Problem("meta/episode_task", k, "is another task than the one in meta/episode_json")
    drawn = episode.scene.draws.get("instruction") or record.task.instruction
    if record.instruction != drawn:
        yield Problem("meta/episode_json", k, f"says {record.instruction!r}, its scene {drawn!r}")


def _numbers(name: str, block: NDArray[Any], episode: Stored) -> Iterator[str]:
    own = block
    if name in layout.RAGGED:
        width = len(episode.record.bodies if name == "object_pose" else episode.record.joints)
        own = block[:, :width]
        if not np.isnan(block[:, width:]).all():
            yield f"columns from {width} on must be NaN: the episode has only {width}"
    bad = ~np.isfinite(own).reshape(len(own), -1).all(axis=1)
    if bad.any():
        yield f"NaN or infinite in {int(bad.sum())} frames, first {int(np.argmax(bad))}"
    elif name in POSES and np.abs(np.linalg.norm(own[..., 3:7], axis=-1) - 1).max(initial=0) > UNIT:
        yield "holds quaternions whose length is not 1"


def _within_limits(slack: float) -> Callable[[NDArray[Any], Stored], Iterator[str]]:
    """Joint positions and gripper widths within the robot's card."""

    def check(block: NDArray[Any], episode: Stored) -> Iterator[str]:
        robot = episode.scene.robot
        lower, upper = limits(robot)
        over = np.maximum(lower - block, block - upper)
        if (over > slack).any():
            frame, column = np.unravel_index(int(np.nanargmax(over)), over.shape)
            yield (
                f"{robot.action_names[column]} is {block[frame, column]:.4g} at frame {frame}, outside "
                f"{lower[column]:.4g} to {upper[column]:.4g} of the robot's card"
            )

    return check


def limits(robot: RobotSpec) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lowest and highest value of every column of an action, (dof,) each [rad; m]."""
    rows: list[tuple[float, float]] = []
    for group in robot.arms:
        rows += [(joint.lower, joint.upper) for joint in group.arm]
        rows.append((0.0, group.gripper.max_width))
    table = np.array(rows)
    return table[:, 0], table[:, 1]


def _flags(*, first: bool) -> Callable[[NDArray[Any], Stored], Iterator[str]]:
    def check(block: NDArray[Any], episode: Stored) -> Iterator[str]:
        wanted = np.arange(len(block)) == (0 if first else len(block) - 1)
        if (block != wanted).any():
            yield f"must be true on the {'first' if first else 'last'} of its {len(block)} frames and nowhere else"

    return check


def _terminal(block: NDArray[Any], episode: Stored) -> Iterator[str]:
    wanted = (np.arange(len(block)) == len(block) - 1) & episode.record.outcome.success
    if (block != wanted).any():
        yield "must be true on the last frame of a success and nowhere else"


def _timestamps(block: NDArray[Any], episode: Stored) -> Iterator[str]:
    if (np.diff(block) <= 0).any():
        yield f"does not grow after frame {int(np.argmax(np.diff(block) <= 0))}"
    hz = episode.scene.physics.control_hz
    off = np.abs(block - np.arange(len(block)) / hz)
    if off.max() > CLOCK:
        yield f"frame {int(np.argmax(off > CLOCK))} is not at the control rate of {hz} Hz"


def _stages(block: NDArray[Any], episode: Stored) -> Iterator[str]:
    stages = episode.record.stage_names
    if stages and block.max() >= len(stages):
        yield f"holds stage {block.max()}, but stage_names has {len(stages)}"


def _progress(block: NDArray[Any], episode: Stored) -> Iterator[str]:
    if not (block.min() >= 0 and block.max() <= 1):
        yield f"must lie in [0, 1], spans {block.min()} to {block.max()}"


def _success(block: NDArray[Any], episode: Stored) -> Iterator[str]:
    if "progress" in episode.arrays and (block != (episode.arrays["progress"] == 1)).any():
        yield "must be true exactly where data/progress is 1"


_CHECKS: dict[str, Callable[[NDArray[Any], Stored], Iterator[str]]] = {
    "action": _within_limits(COMMANDED),
    "state": _within_limits(REACHED),
    "is_first": _flags(first=True),
    "is_last": _flags(first=False),
    "is_terminal": _terminal,
    "timestamp": _timestamps,
    "stage": _stages,
    "progress": _progress,
    "success": _success,
}
