"""A scene with a carton, a zone, a cabinet and a ring on its peg, and its state."""

import pytest
import torch

from demo_solvers.rewards.state import RewardState
from pipeline.core.streams import stream
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.core.world import WorldState

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def world(builder, simulator) -> WorldState:
    names = ("carton", "zone_red", "cabinet", "square_ring", "peg_blue")
    task = TaskSpec(
        name="a_task",
        family="push",
        instruction="Do it.",
        objects=tuple(TaskObject(name=n, asset=n) for n in names),
        goal="(within carton zone_red)",
    )
    return simulator.load([builder.build(task, stream(0, "rewards", i)) for i in range(4)])


@pytest.fixture(scope="session")
def layout(world):
    return world.layout


@pytest.fixture
def state(world, robot):
    return RewardState.of(world, robot)
