"""Pushes on a plane: what they do to a box in the model, and plans that bring it home."""

import numpy as np
import pytest

from demo_solvers.planning.planar_push import Pushed, Reach, bend, chosen, friction_radius, worth, wrapped

SLAB, CUBE = (0.09, 0.06), (0.05, 0.05)  # m, half sizes
OFF = (0.0105, 0.12)  # m and rad


def home(gaps, half, turns, *, reach=None, pushes=5, error=(0.003, 0.04), seed=0):
    """Gaps after at most so many planned pushes, each carried out with an error of so much [m, rad]."""
    random, gaps = np.random.default_rng(seed), gaps.copy()
    bodies, rows = [Pushed(half, reach)] * len(gaps), np.arange(len(gaps))
    for _ in range(pushes):
        options, costs = worth(gaps, OFF, bodies, turns)
        after = Pushed(half).after(gaps, options, turns)[rows, costs.argmin(axis=1)]
        after += random.normal(size=after.shape) * (error[0], error[0], error[1])
        arrived = (np.abs(gaps[:, :2]).max(axis=1) <= OFF[0]) & (np.abs(gaps[:, 2]) <= OFF[1])
        gaps = np.where(arrived[:, None], gaps, after)
    return gaps


def crosswise(count=12):
    random = np.random.default_rng(3)
    turned = np.pi / 2 + random.uniform(-0.08, 0.08, count)
    return np.column_stack([random.uniform(-0.009, 0.009, (count, 2)), wrapped(turned, np.pi)])


def test_a_slab_is_turned_by_a_quarter_in_place_though_no_push_does_so():
    gaps = home(crosswise(), SLAB, np.pi)
    good = (np.abs(gaps[:, :2]).max(axis=1) <= OFF[0]) & (np.abs(gaps[:, 2]) <= OFF[1])
    assert good.mean() >= 0.9


def test_straight_pushes_go_along_their_face_and_turn_nothing():
    body = Pushed(CUBE)
    pushes = body.pushes()
    straight = np.flatnonzero((pushes.turn == 0) & ~pushes.bent & (pushes.face == 1))
    after = body.after(np.array([0.0, 0.0, 0.3]), chosen(pushes, straight), np.pi / 2)
    way = after[:, :2] / np.linalg.norm(after[:, :2], axis=1, keepdims=True)
    fits = np.isfinite(after).all(axis=1)
    assert fits.sum() >= 5
    assert way[fits] == pytest.approx(np.tile([np.cos(0.3 + np.pi / 2), np.sin(0.3 + np.pi / 2)], (fits.sum(), 1)))
    assert after[fits, 2] == pytest.approx(0.3)


def test_a_push_left_of_the_middle_turns_to_the_right_and_the_longer_the_further_out_less_way_it_takes():
    pushes = Pushed(SLAB).pushes()
    turning = pushes.beside != 0
    assert (np.sign(pushes.turn[turning]) == -np.sign(pushes.beside[turning])).all()
    small = np.abs(np.abs(pushes.turn) - 0.1) < 1e-9
    long_face, short_face = (pushes.ahead[small & (pushes.face == face)].mean() for face in (1, 0))
    assert long_face == pytest.approx(0.1 * friction_radius(SLAB) ** 2 / (0.09 - 0.015), rel=0.1)
    assert short_face > long_face


def test_a_bent_way_is_known_only_where_the_goal_lies_ahead():
    behind, ahead = np.array([0.1, 0.0, 0.0]), np.array([-0.1, 0.01, 0.1])
    assert np.isinf(bend(behind, np.array(0.0), np.pi)).all()
    first, last = bend(ahead, np.array(0.0), np.pi)
    assert np.isfinite([first, last]).all()


def test_no_push_is_planned_where_the_arm_does_not_get_to():
    # The base stands to the left of the goal; a push from the right would have to be made from further than it reaches.
    reach = Reach(base=(0.0, 0.5), inner=0.2, outer=0.6, back=0.06)
    body = Pushed(CUBE, reach)
    pushes = body.pushes()
    after = body.after(np.array([0.0, -0.05, 0.0]), pushes, np.pi / 2)
    to_the_left = pushes.face == 1
    assert np.isnan(after[to_the_left]).all()
    assert np.isfinite(after[~to_the_left]).any()


def test_it_is_the_same_for_every_batch():
    gaps = crosswise()
    together = worth(gaps, OFF, [Pushed(SLAB)] * len(gaps), np.pi)[1]
    alone = np.concatenate([worth(gap[None], OFF, [Pushed(SLAB)], np.pi)[1] for gap in gaps])
    np.testing.assert_array_equal(together, alone)
