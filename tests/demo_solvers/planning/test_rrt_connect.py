"""RRT-Connect on a toy with two joints, where right and wrong can be seen."""

from itertools import pairwise

import numpy as np
import pytest

from demo_solvers.planning.rrt_connect import rrt_connect

LEFT, RIGHT = np.array([-0.8, 0.0]), np.array([0.8, 0.0])


def wall(q):
    """A wall at x = 0, 0.2 thick, with a gap above y = 0.6."""
    return bool((~((np.abs(q[:, 0]) < 0.1) & (q[:, 1] < 0.6))).all())


def cage(q):
    """The start is walled in on all sides."""
    ring = np.abs(np.linalg.norm(q - LEFT, axis=1) - 0.4) < 0.05
    return bool((~ring).all())


def plan(free, seed=0, start=LEFT, goal=RIGHT):
    bounds = np.array([1.0, 1.0])
    return rrt_connect(start, goal, lower=-bounds, upper=bounds, rng=np.random.default_rng(seed), free=free)


def dense(path):
    return np.concatenate([a + np.linspace(0, 1, 50)[:, None] * (b - a) for a, b in pairwise(path)])


@pytest.mark.parametrize("seed", range(8))
def test_it_finds_a_way_around_a_wall_from_start_to_goal(seed):
    path = plan(wall, seed)
    assert path is not None
    np.testing.assert_array_equal(path[[0, -1]], [LEFT, RIGHT])
    inside = [q for q in dense(path) if abs(q[0]) < 0.1 - 0.03 and q[1] < 0.6 - 0.03]
    assert inside == []
    assert (np.abs(path) <= 1).all()


def test_boxed_in_there_is_no_path_and_the_search_ends():
    assert plan(cage) is None


def test_a_start_or_goal_in_collision_has_no_path():
    blocked = np.array([0.0, 0.0])
    assert plan(wall, start=blocked) is None
    assert plan(wall, goal=blocked) is None


def test_the_same_random_numbers_give_the_same_path_and_others_another():
    np.testing.assert_array_equal(plan(wall, 3), plan(wall, 3))
    assert not np.array_equal(plan(wall, 3), plan(wall, 4))


def test_with_nothing_in_the_way_the_path_is_the_straight_line():
    np.testing.assert_array_equal(plan(lambda q: True), [LEFT, RIGHT])
