"""WorldState and WorldTrace: the same numbers seen by world, by step, by body."""

import numpy as np
import pytest

from pipeline.core.errors import UnknownNameError
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.layout import SceneLayout
from pipeline.core.world import HAND, WorldState, WorldTrace, no_forces

BODIES = ("robot", "robot/left_finger", "robot/right_finger", "floor", "mug")


def state(*tags):
    """One world a tag; the tag is the mug's x and speed, the joint's position and the first arm joint."""
    layout = SceneLayout(BODIES, ("door/hinge",), {"mug": BodyGeometry(bounds=Box(half=(1, 1, 1)))}, {})
    batch, tag = len(tags), np.array(tags, np.float32)
    pose, velocity = np.zeros((batch, 5, 7), np.float32), np.zeros((batch, 5, 6), np.float32)
    pose[:, 4, 0] = tag
    velocity[:, 4, 1], velocity[:, 4, 5] = -tag, 100
    qpos, contact = np.zeros((batch, 8), np.float32), np.zeros((batch, 5, 5), bool)
    qpos[:, 0] = tag
    contact[:, 4, 3] = contact[:, 3, 4] = tag > 1
    joint, tcp = tag[:, None], np.zeros((batch, 7), np.float32)
    force = no_forces(batch, layout)
    force[:, HAND, 4] = tag
    return WorldState(layout, pose, velocity, joint, joint * 0, qpos, qpos * 0, tcp, contact, force)


@pytest.fixture
def trace():
    """Three steps of two worlds; the tag is 10 * step + world."""
    return WorldTrace.of([state(10 * t, 10 * t + 1) for t in range(3)])


def tags(world):
    return list(world.qpos[:, 0])


def test_a_body_is_asked_for_by_name():
    world = state(1, 2)
    assert list(world.body("mug")[:, 0]) == [1, 2]
    assert list(world.joint_position("door/hinge")) == [1, 2]
    with pytest.raises(UnknownNameError, match="Did you mean 'mug'"):
        world.body("mugg")


def test_speed_is_linear_and_never_negative():
    assert list(state(1, 2).speed("mug")) == [1, 2]


def test_touching_does_not_depend_on_who_is_named_first():
    world = state(1, 2)
    assert list(world.touching("mug", "floor")) == list(world.touching("floor", "mug")) == [False, True]


@pytest.mark.parametrize("index", [slice(1, 3), np.array([1, 2]), np.array([False, True, True])])
def test_rows_may_be_chosen_by_slice_index_or_mask(index):
    chosen = state(5, 6, 7).rows(index)
    assert len(chosen) == 2
    assert tags(chosen) == [6, 7]
    assert list(chosen.body("mug")[:, 0]) == [6, 7]
    assert list(chosen.joint_position("door/hinge")) == [6, 7]


def test_a_trace_read_by_step_gives_all_worlds(trace):
    assert [tags(trace.at(t)) for t in range(3)] == [[0, 1], [10, 11], [20, 21]]
    assert tags(trace.at(-1)) == [20, 21]


def test_a_trace_read_by_world_gives_all_steps(trace):
    assert tags(trace.row(1)) == [1, 11, 21]
    assert len(trace.row(0)) == 3


def test_traces_join_in_time(trace):
    longer = WorldTrace.concatenate([trace, WorldTrace.of([state(30, 31)])])
    assert (longer.time, longer.batch) == (4, 2)
    assert tags(longer.row(1)) == [1, 11, 21, 31]
    assert tags(longer.at(3)) == [30, 31]
