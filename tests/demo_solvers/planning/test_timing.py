"""Time parameterisation: exact ends, limits kept, one duration for all, and nobody waits for the dead."""

import numpy as np
import pytest

from demo_solvers.planning.timing import MIN_DURATION, time_path

RATE = 20.0


@pytest.fixture(scope="module")
def wander(arm):
    """Three winding paths (3, 7, 7) around home."""
    steps = np.random.default_rng(1).uniform(-0.2, 0.2, (3, 7, 7))
    return np.clip(arm.home + steps.cumsum(axis=1), arm.lower, arm.upper)


def timed(arm, path, *, active=None, **more):
    return time_path(arm, path, rate=RATE, active=np.ones(len(path), bool) if active is None else active, **more)


def rates(path, targets, rate=RATE):
    """Velocities (time, batch, n) and accelerations by finite differences, standing still before and after."""
    full = np.concatenate([path[None, :, 0], targets.astype(float)])
    velocity = np.diff(full, axis=0) * rate
    rest = np.zeros_like(velocity[:1])
    return velocity, np.diff(np.concatenate([rest, velocity, rest]), axis=0) * rate


def test_the_first_sample_has_left_the_first_waypoint_and_the_last_is_the_last(arm, wander):
    targets = timed(arm, wander)
    assert (np.abs(targets[0] - wander[:, 0]).max(axis=1) > 0).all()
    np.testing.assert_array_equal(targets[-1], wander[:, -1].astype(np.float32))


def test_every_waypoint_is_passed(arm, wander):
    targets = time_path(arm, wander, rate=2000.0, active=np.ones(3, bool))
    for row in range(3):
        for waypoint in wander[row, 1:]:
            assert np.linalg.norm(targets[:, row] - waypoint, axis=1).min() < 5e-3


@pytest.mark.parametrize("effort", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("points", [2, 3, 7])
def test_neither_velocity_nor_acceleration_exceeds_its_share_of_the_limits(arm, wander, effort, points):
    path = wander[:, :points]
    velocity, acceleration = rates(path, time_path(arm, path, rate=500.0, active=np.ones(3, bool), effort=effort), 500)
    assert (np.abs(velocity) <= 1.02 * effort * arm.max_velocity).all()
    # float32 targets at 500 Hz carry a noise of about 0.1 rad/s^2.
    assert (np.abs(acceleration) <= 1.05 * effort * arm.max_acceleration + 0.2).all()


@pytest.mark.parametrize("effort", [0.5, 1.0])
def test_a_long_swing_of_the_base_keeps_to_the_joints_top_speed_and_nearly_reaches_it(arm, effort):
    path = np.repeat(arm.home[None, None], 2, axis=1)
    path[0, :, 0] = (-2.5, 2.5)
    velocity, _ = rates(path, time_path(arm, path, rate=500.0, active=np.ones(1, bool), effort=effort), 500)
    assert np.abs(velocity[..., 0]).max() == pytest.approx(effort * arm.max_velocity[0], rel=0.02)


def test_the_robot_is_used_to_the_limit_it_was_given(arm, wander):
    path = wander[:, :2]
    velocity, acceleration = rates(path, time_path(arm, path, rate=500.0, active=np.ones(3, bool), effort=0.5), 500)
    used = max((np.abs(velocity) / arm.max_velocity).max(), (np.abs(acceleration) / arm.max_acceleration).max())
    assert used > 0.35


def test_motion_starts_and_ends_gently(arm, wander):
    velocity, _ = rates(wander, timed(arm, wander))
    peak = np.abs(velocity).max()
    assert np.abs(velocity[0]).max() < 0.1 * peak
    assert np.abs(velocity[-1]).max() < 0.1 * peak


def test_all_rows_arrive_together(arm, wander):
    short = wander.copy()
    short[1] = wander[1, :1] + 0.05 * (wander[1] - wander[1, :1])
    targets = timed(arm, short)
    assert targets.shape[1:] == (3, 7)
    np.testing.assert_allclose(targets[-1, 1], short[1, -1], atol=1e-6)
    assert np.abs(targets[-9, 1] - short[1, -1]).max() > 1e-4


def test_half_the_effort_takes_longer(arm, wander):
    assert len(timed(arm, wander, effort=0.25)) > 1.3 * len(timed(arm, wander, effort=0.5))


def test_a_row_that_has_dropped_out_slows_nobody(arm, wander):
    near = wander[:, :1] + 0.1 * (wander - wander[:, :1])
    mixed = np.stack([near[0], wander[1], near[2]])
    alive = np.array([True, False, True])
    assert len(timed(arm, mixed, active=alive)) == len(timed(arm, mixed[alive])) < len(timed(arm, mixed))


def test_the_shortest_motion_still_takes_its_least_time(arm):
    still = np.repeat(arm.home[None, None], 2, axis=1)
    assert len(timed(arm, still)) == round(MIN_DURATION * RATE)
    assert len(timed(arm, still, slowest=2.0)) == 40
    np.testing.assert_array_equal(timed(arm, still)[:, 0], np.tile(arm.home.astype(np.float32), (6, 1)))
    assert len(timed(arm, still, active=np.array([False]))) == round(MIN_DURATION * RATE)


def test_a_spline_that_swings_over_a_joint_limit_is_cut_there(arm):
    path = np.repeat(arm.home[None, None], 4, axis=1)
    path[0, :, 6] = [arm.upper[6] - 0.5, arm.upper[6], arm.upper[6], arm.upper[6] - 0.5]
    targets = timed(arm, path)
    assert targets[..., 6].max() <= np.float32(arm.upper[6])
