"""A policy beside a planner's motion: without actions it is the motion, and it never gets far from it."""

from __future__ import annotations

import numpy as np
import pytest

from demo_solvers.learning.residual import ASIDE, ResidualSteering, residual_stage, start_key
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.planning.arm import Arm
from pipeline.core import poses
from pipeline.core.scene import SceneSpec
from pipeline.core.world import Actions


@pytest.fixture
def tracks(starts: list[SceneSpec]) -> list[Actions]:
    """Motions of different length that turn the first joint."""
    found = []
    for number, scene in enumerate(starts[:3]):
        walk = np.repeat(np.array(scene.robot_start)[None], 12 + 4 * number, axis=0)
        walk[:, 0] += np.linspace(0.0, 0.1, len(walk))
        walk[:, -1] = np.linspace(0.0, 0.03, len(walk))
        found.append(walk.astype(np.float32))
    return found


@pytest.fixture
def steering(stage: LearnedStage, starts: list[SceneSpec], tracks: list[Actions]) -> ResidualSteering:
    return ResidualSteering(residual_stage(stage, tracks), starts[:3], lambda row, scene: tracks[row])


def driven(steering: ResidualSteering, action: float, times: int) -> Actions:
    tool = np.zeros((3, 7), np.float32)
    tool[:, 3] = 1
    values = np.full((3, steering.stage.actions), action)
    return np.concatenate([steering.follow(values, tool) for _ in range(times)])


def test_without_actions_it_is_the_motion_and_then_its_end(steering: ResidualSteering, tracks: list[Actions]) -> None:
    commands = driven(steering, 0.0, 12)
    for row, track in enumerate(tracks):
        np.testing.assert_allclose(commands[: len(track), row], track, atol=2e-4)
        np.testing.assert_allclose(commands[len(track) :, row], track[-1:].repeat(24 - len(track), axis=0), atol=2e-4)


def test_actions_move_the_tool_beside_it_and_not_far(
    steering: ResidualSteering, tracks: list[Actions], arm: Arm
) -> None:
    commands = driven(steering, 1.0, 30)
    tool, planned = (arm.tool_pose(q[:, :-1].astype(float)) for q in (commands[-1], np.stack([t[-1] for t in tracks])))
    beside = tool[:, :3] - planned[:, :3]
    assert (np.abs(beside) <= ASIDE + 1e-3).all()
    assert (np.abs(beside).max(axis=1) > ASIDE - 1e-3).all()
    np.testing.assert_array_equal(commands[-1, :, -1], [t[-1, -1] for t in tracks])


def test_a_world_that_begins_anew_begins_its_motion_anew(
    steering: ResidualSteering, starts: list[SceneSpec], tracks: list[Actions]
) -> None:
    driven(steering, 1.0, 5)
    steering.reset([1], starts[1:2])
    commands = driven(steering, 0.0, 2)
    np.testing.assert_allclose(commands[:, 1], tracks[1][:4], atol=2e-4)
    assert np.abs(commands[0, 0] - tracks[0][10]).max() > 1e-3


def test_it_is_told_how_far_beside_and_how_far_on_it_is(steering: ResidualSteering) -> None:
    tool = np.array(poses.pose(np.zeros((3, 3))), np.float32)
    assert steering.told(tool).shape == (3, 10)
    assert (steering.told(tool)[:, -1] == 0).all()
    driven(steering, 1.0, 6)
    told = steering.told(tool)
    assert (np.abs(told[:, :3]).max(axis=1) > 0.5).all()
    assert told[0, -1] == 1.0
    assert told[2, -1] < 1.0


def test_starts_are_told_apart_by_what_stands_where(starts: list[SceneSpec]) -> None:
    assert len({start_key(scene) for scene in starts}) == len(starts)
    assert start_key(starts[0]) == start_key(starts[0].model_copy(update={"seed": 5}))
