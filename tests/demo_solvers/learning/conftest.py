"""A block that is to be pushed into a zone, and starts with the closed fingers behind it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from demo_solvers.learning.course import Course, Reward, sparse
from demo_solvers.learning.stage import LearnedStage
from demo_solvers.planning.arm import Arm
from pipeline.core import poses
from pipeline.core.doors import Problem
from pipeline.core.scene import SceneSpec
from pipeline.core.streams import stream
from pipeline.rollout import BatchWorlds, PracticeWorlds
from pipeline.sim.kinematic import kinematic

GOAL = "(within cookie_box zone_green)"
BEHIND, HEIGHT = 0.11, 0.03  # m


@pytest.fixture(scope="session")
def stage() -> LearnedStage:
    return LearnedStage(
        name="push", goal=GOAL, body="cookie_box", others=("zone_green",), freedoms=("x", "y"), decisions=30
    )


@pytest.fixture(scope="session")
def push(problem: Callable[..., Problem]) -> Problem:
    return problem(GOAL, "cookie_box", "zone_green", worlds=12, family="push")


@pytest.fixture(scope="session")
def starts(push: Problem, arm: Arm) -> list[SceneSpec]:
    return [started for scene in push.scenes if (started := behind(scene, arm)) is not None]


@pytest.fixture
def worlds(push: Problem, starts: list[SceneSpec], simulator: kinematic) -> PracticeWorlds:
    return BatchWorlds(simulator, push).practice(starts[:4])


@pytest.fixture
def course(worlds: PracticeWorlds, stage: LearnedStage, starts: list[SceneSpec]) -> Callable[..., Course]:
    def make(reward: Reward = sparse, seed: int = 0) -> Course:
        return Course(worlds, stage, starts, reward, seed=seed)

    return make


def behind(scene: SceneSpec, arm: Arm) -> SceneSpec | None:
    """The scene with the closed fingers behind the box, as seen from the zone; None out of reach."""
    box, zone = (np.array(scene.placement(name).pose) for name in ("cookie_box", "zone_green"))
    way = zone[:2] - box[:2]
    way /= np.linalg.norm(way)
    beside = stream(scene.seed, "behind").uniform(-0.01, 0.01) * np.array([-way[1], way[0]])
    turn = poses.quat_multiply(poses.quat_from_yaw(np.arctan2(way[1], way[0]) + np.pi / 2), [0, 1, 0, 0])
    found = arm.ik_restarted(poses.pose([*(box[:2] - BEHIND * way + beside), HEIGHT], turn)[None])
    return scene.model_copy(update={"robot_start": (*map(float, found.q[0]), 0.0)}) if found.ok[0] else None
