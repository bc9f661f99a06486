"""Lanes: programs of different lengths drive their own rows of one batch, each as if it were alone."""

import numpy as np
import pytest

from demo_solvers.lanes import side_by_side
from pipeline.core.errors import TaskloomError
from pipeline.rollout import BatchWorlds
from pipeline.validate import same_states

GOAL = "(on block_red block_green)"


@pytest.fixture
def start(problem):
    return np.float32([s.robot_start for s in problem(GOAL, "block_red", "block_green", worlds=4).scenes])


def wander(pieces, shift):
    """Moves the first joint in stretches of so many steps, looking at the state in between."""

    def drive(worlds):
        seen, command = [], worlds.state().qpos.copy()
        for steps in pieces:
            command[:, 0] += np.float32(shift)
            trace = worlds.run(np.repeat(command[None], steps, axis=0))
            assert (trace.time, trace.batch) == (steps, worlds.batch)
            seen.append(float(worlds.state().qpos[:, 0].sum()))
        return seen, worlds.recorded(), worlds.trace()

    return drive


def test_a_lane_sees_the_same_whether_or_not_others_run_beside_it(problem, simulator, start):
    built = problem(GOAL, "block_red", "block_green", worlds=4)
    lanes = [([0, 2], wander((3, 7, 2), 0.1)), ([3], wander((5, 5, 5, 5), -0.2)), ([1], wander((1,), 0.3))]
    together = side_by_side(BatchWorlds(simulator, built), lanes, still=start)
    for (rows, drive), (seen, made, trace) in zip(lanes, together, strict=True):
        alone = BatchWorlds(simulator, built)
        ((seen_alone, made_alone, trace_alone),) = side_by_side(alone, [(rows, drive)], still=start)
        assert seen == seen_alone
        np.testing.assert_array_equal(made, made_alone)
        assert same_states(trace.flat, trace_alone.flat)


def test_what_a_lane_did_is_what_its_rows_were_given_and_then_they_stand_still(problem, simulator, start):
    worlds = BatchWorlds(simulator, problem(GOAL, "block_red", "block_green", worlds=4))
    lanes = [([0, 2], wander((3, 4), 0.1)), ([3], wander((9, 5), -0.2))]
    (_, short, _), (_, long, _) = side_by_side(worlds, lanes, still=start)
    made = worlds.recorded()
    assert len(made) == 14
    np.testing.assert_array_equal(made[:7, [0, 2]], short)
    np.testing.assert_array_equal(made[7:, [0, 2]], np.repeat(short[-1:], 7, axis=0))
    np.testing.assert_array_equal(made[:, [3]], long)
    np.testing.assert_array_equal(made[:, 1], np.repeat(start[1:2], 14, axis=0))


def test_an_error_in_one_lane_ends_all_and_is_told(problem, simulator, start):
    ended = []

    def breaks(worlds):
        worlds.run(np.repeat(start[:1][None], 2, axis=0))
        raise TaskloomError("broken")

    def goes_on(worlds):
        try:
            for _ in range(50):
                worlds.run(np.repeat(start[1:2][None], 2, axis=0))
        finally:
            ended.append(True)

    worlds = BatchWorlds(simulator, problem(GOAL, "block_red", "block_green", worlds=4))
    with pytest.raises(TaskloomError, match="broken"):
        side_by_side(worlds, [([0], breaks), ([1], goes_on)], still=start)
    assert ended == [True]
    assert worlds.steps <= 4


def test_a_lane_may_do_nothing(problem, simulator, start):
    worlds = BatchWorlds(simulator, problem(GOAL, "block_red", "block_green", worlds=4))
    assert side_by_side(worlds, [([0], lambda w: w.batch), ([1, 2], lambda w: w.batch)], still=start) == [1, 2]
    assert worlds.steps == 0
