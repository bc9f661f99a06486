"""Scenes as cameras see them in MuJoCo, and what a perceiver is told of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from demo_solvers.path3d.geometric import GeometricPerceiver
from demo_solvers.path3d.rig import rig
from pipeline.core.doors import Problem, Solution
from pipeline.core.episode import Outcome
from pipeline.core.seeing import Sight
from pipeline.rollout import attempt
from pipeline.sim.mujoco import mujoco


@pytest.fixture(scope="session")
def engine(catalog) -> mujoco:
    return mujoco(catalog)


@pytest.fixture(scope="session")
def eyes(catalog) -> GeometricPerceiver:
    return GeometricPerceiver(catalog)


class Seen:
    """What a solver is told and sees at the reset."""

    def __init__(self, *, segmentation: bool) -> None:
        self.sight = Sight(rig, segmentation=segmentation)
        self.problem: Any = None
        self.views: Any = None

    def __call__(self, problem, worlds) -> Solution:
        self.problem, self.views = problem, worlds.look([0])
        self.joints = worlds.feel().measured[0].astype(float)
        nothing = np.zeros((0, problem.robot.dof), np.float32)
        stages = np.zeros(0, np.uint8)
        return Solution([Outcome(success=False, actions=nothing, stages=stages) for _ in range(worlds.batch)])


@pytest.fixture(scope="session")
def seen(engine) -> Callable[..., Seen]:
    """Look at the first world of a problem."""

    def look(problem: Problem, *, segmentation: bool = False) -> Seen:
        found = Seen(segmentation=segmentation)
        attempt(engine, problem.of([0]), found)
        return found

    return look


@pytest.fixture(scope="session")
def blocks(problem, seen):
    """Three blocks and a zone, and what is seen of them."""
    built = problem(
        "(and (within block_green zone_red) (on block_red block_blue))",
        "block_green", "zone_red", "block_red", "block_blue", worlds=1,
    )  # fmt: skip
    return built, seen(built)
