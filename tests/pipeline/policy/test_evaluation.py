"""Evaluation: a policy sees what its dataset stores and no more, acts chunk by chunk, and the goal judges it."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.core.doors import Problem
from pipeline.core.errors import UnknownNameError
from pipeline.core.task import TaskObject, TaskSpec
from pipeline.dataset.frames import state_arrays
from pipeline.dataset.observing import observe
from pipeline.dataset.windows import WindowSpec
from pipeline.policy.evaluation import evaluate
from pipeline.sim.kinematic import kinematic

SLOTS = {"object_pose": 3, "object_joint": 0}


class Still:
    """Commands the joints of the reset for ever, a chunk at a time, and remembers what it saw."""

    def __init__(self, start: np.ndarray, *, chunk: int, spec: WindowSpec) -> None:
        self.start, self.chunk, self.spec = start, chunk, spec
        self.seen: list[dict[str, np.ndarray]] = []

    def act(self, observations: dict[str, np.ndarray]) -> np.ndarray:
        self.seen.append(observations)
        return np.repeat(self.start[None], self.chunk, axis=0)


def problem(toys, goal: str, *, heights=(0.1, 0.02), horizon: float = 2.0) -> Problem:
    """Two worlds; in the first block a begins in mid-air over block b and falls on it at the first step."""
    task = TaskSpec(
        name="toy", family="stack", instruction="Do it.", goal=goal, horizon=horizon,
        objects=(TaskObject(name="a", asset="block"), TaskObject(name="b", asset="block")),
    )  # fmt: skip
    scenes = (
        toys.scene(toys.placed("a", toys.block(), (0.5, y, z)), toys.placed("b", toys.block(), (0.5, 0.2, 0.02)))
        for y, z in zip((0.2, 0.0), heights, strict=True)
    )
    return Problem(task, tuple(scenes), seed=0)


def still(posed: Problem, *, chunk: int = 8, horizon: int = 3) -> Still:
    start = np.array([s.robot_start for s in posed.scenes], np.float32)
    return Still(start, chunk=chunk, spec=WindowSpec(observations=("state", "object_pose"), obs_horizon=horizon))


@pytest.fixture
def simulator(toys, tmp_path):
    return kinematic(toys.ToyFiles(tmp_path))


def test_each_world_is_judged_on_its_own_and_its_time_noted(simulator, toys) -> None:
    posed = problem(toys, "(on a b)")
    found = evaluate(simulator, posed, still(posed), slots=SLOTS)
    assert found.reached.tolist() == [True, False]
    assert found.kept.tolist() == [True, False]
    assert found.steps.tolist() == [16, 40]  # held for 10 steps, seen after the second chunk; never
    assert found.rate == 0.5


def test_it_ends_at_the_horizon_or_sooner_if_asked_even_within_a_chunk(simulator, toys) -> None:
    posed = problem(toys, "(on a b)")
    policy = still(posed, chunk=16)
    found = evaluate(simulator, posed, policy, slots=SLOTS, seconds=1.0)
    assert len(policy.seen) == 2
    assert found.steps.tolist() == [16, 20]


def test_what_it_sees_is_what_the_dataset_stores_the_present_last(simulator, toys) -> None:
    posed = problem(toys, "(on a b)")
    policy = still(posed, horizon=3)
    evaluate(simulator, posed, policy, slots=SLOTS)
    first, later = policy.seen[0]["object_pose"], policy.seen[1]["object_pose"]
    assert first.shape == (2, 3, 3, 7)
    assert (first[:, 0] == first[:, 1]).all()  # before the reset there was nothing else
    reset = simulator.load([scene.physics_only() for scene in posed.scenes])
    stored = state_arrays(reset, posed.scenes[0].robot)["object_pose"]
    np.testing.assert_array_equal(first[:, -1, : stored.shape[1]], stored)
    assert (first[:, :, stored.shape[1] :] == 0).all()  # slots that these scenes do not use
    assert (later[0, -1] != first[0, -1]).any()  # block a has fallen


def test_a_policy_cannot_ask_for_what_is_not_of_the_state(simulator, toys) -> None:
    posed = problem(toys, "(on a b)")
    state = simulator.load([scene.physics_only() for scene in posed.scenes])
    with pytest.raises(UnknownNameError, match="object_pose"):
        observe(state, posed.scenes[0].robot, WindowSpec(observations=("rgb_front",)), slots={})
