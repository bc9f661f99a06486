"""A curve's success is taken over the newest episodes, so that it tells of the policy and not of which worlds ended."""

from __future__ import annotations

import pytest

from demo_solvers.learning.curves import EPISODES, successes
from demo_solvers.learning.training import Point


def points(*counts: tuple[int, int]) -> list[Point]:
    """Each with so many episodes that ended, and that reached."""
    return [
        Point(steps=10 * (i + 1), episodes=ended, reached=reached, reward=0.0, spread=0.1)
        for i, (ended, reached) in enumerate(counts)
    ]


def test_before_any_episode_has_ended_nothing_has_reached() -> None:
    assert successes(points((0, 0), (0, 0), (4, 2))) == (0.0, 0.0, 0.5)
    assert successes([]) == ()


def test_a_point_in_which_nothing_ended_says_what_is_known() -> None:
    assert successes(points((10, 5), (0, 0), (0, 0))) == (0.5, 0.5, 0.5)


def test_worlds_that_end_in_turns_make_no_saw() -> None:
    """Those that reach end early, those that do not end together: the share is what it is over all of them."""
    saw = successes(points(*([(8, 8), (0, 0), (56, 0)] * 10)))
    assert saw[2:] == pytest.approx([8 / 64] * 28, abs=0.002)


def test_old_episodes_are_forgotten() -> None:
    assert successes(points((EPISODES, 0), (EPISODES, EPISODES)))[-1] == 1.0
    assert successes(points((EPISODES - 1, 0), (1, 1)))[-1] == 1 / EPISODES
