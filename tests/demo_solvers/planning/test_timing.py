"""Time parameterisation: exact ends, limits kept, one duration for all, and nobody waits for the dead."""

import numpy as np
import pytest

from demo_solvers.planning._timing_kernel import gentle_durations
from demo_solvers.planning.arm import Arm
from demo_solvers.planning.timing import MIN_DURATION, _spline, time_path

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


def test_half_the_effort_takes_twice_as_long_at_top_speed_and_longer_where_jerk_decides(arm, wander):
    swing = np.repeat(arm.home[None, None], 2, axis=1)
    swing[0, :, 0] = (-2.8, 2.8)
    assert len(timed(arm, swing, effort=0.25)) > 1.8 * len(timed(arm, swing, effort=0.5))
    assert len(timed(arm, wander, effort=0.25)) > 1.15 * len(timed(arm, wander, effort=0.5))


def used(arm, path, targets, rate=RATE):
    """Largest velocity, acceleration and jerk of differences of the float32 targets, as shares of the limits."""
    change = np.concatenate(
        [
            np.repeat(path[None, :, 0], 3, axis=0),
            targets.astype(float),
            np.repeat(targets[-1:].astype(float), 3, axis=0),
        ]
    )
    shares = []
    for limit in (arm.max_velocity, arm.max_acceleration, arm.max_jerk):
        change = np.diff(change, axis=0) * rate
        shares.append(float((np.abs(change) / limit).max()))
    return shares


@pytest.mark.parametrize("name", ["aloha", "panda", "so101", "ur5e"])
@pytest.mark.parametrize("effort", [0.3, 0.65, 1.0])
@pytest.mark.parametrize("points", [2, 4, 21])
def test_the_targets_as_they_are_stored_keep_all_three_limits_when_differenced(catalog, name, effort, points):
    arm = Arm(catalog.robot(name))
    rng, n = np.random.default_rng(points), len(arm.home)
    low, high = (0.8 * limit + 0.2 * arm.home for limit in (arm.lower, arm.upper))
    path = rng.uniform(low, high, (12, points, n)) if points < 10 else smooth_paths(rng, low, high, points)
    targets = timed(arm, path, effort=effort)
    assert max(used(arm, path, targets)) <= effort * 1.001
    np.testing.assert_array_equal(targets[-1], path[:, -1].astype(np.float32))


def smooth_paths(rng, low, high, points):
    """Twelve paths along lines with a bow, as transits are."""
    start, end, bow = rng.uniform(low, high, (3, 12, 1, len(low)))
    share = np.linspace(0, 1, points)[:, None]
    return start + share * (end - start) + 0.4 * np.sin(np.pi * share) * (bow - start)


def test_winding_motions_are_a_quarter_faster_than_with_the_minimum_jerk_profile(arm):
    path = smooth_paths(np.random.default_rng(2), 0.7 * arm.lower, 0.7 * arm.upper, 21)
    limits = (0.65 * arm.max_velocity, 0.65 * arm.max_acceleration, 0.65 * arm.max_jerk)
    gentle = gentle_durations(_spline(path, arm), *limits).max()
    assert len(timed(arm, path, effort=0.65)) / RATE < 0.8 * gentle


def test_a_row_with_time_to_spare_moves_with_the_least_jerk(arm):
    path = np.repeat(arm.home[None, None], 2, axis=1).repeat(2, axis=0)
    path[0, 1, 0], path[1, 1, 0] = 2.5, 0.5
    targets = timed(arm, path, effort=0.5)
    t = np.arange(1, len(targets) + 1) / len(targets)
    least = 0.5 * t**3 * (10 - 15 * t + 6 * t**2)
    np.testing.assert_allclose(targets[:, 1, 0], least, atol=1e-6)
    assert np.abs(targets[:, 0, 0] / 5 - least).max() > 0.01


def test_a_rows_samples_depend_on_the_others_only_through_the_duration(arm, wander):
    both = timed(arm, wander)
    slowest = max(range(3), key=lambda i: len(timed(arm, wander[i : i + 1])))
    np.testing.assert_array_equal(timed(arm, wander[slowest : slowest + 1])[:, 0], both[:, slowest])


def test_a_card_may_name_its_own_jerk(arm, robot):
    joints = tuple(j.model_copy(update={"max_jerk": 20.0}) for j in robot.arm)
    calm = Arm(robot.model_copy(update={"arm": joints}))
    path = np.stack([arm.home, arm.home + 0.5])[None]
    assert arm.max_jerk[0] == pytest.approx(10 * arm.max_acceleration[0])
    assert len(timed(calm, path)) > 1.3 * len(timed(arm, path))
    assert used(calm, path, timed(calm, path, effort=1.0))[2] <= 1.001


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
