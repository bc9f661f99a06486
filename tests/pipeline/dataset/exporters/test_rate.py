"""A lower rate keeps the motion: targets at the new step's end, deltas composed, frames nearest its beginning."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core import poses
from pipeline.core.errors import InvalidInputError
from pipeline.dataset.exporters._rate import Rate


@pytest.mark.parametrize(
    ("hz", "length", "steps"), [(10, 20, 10), (10, 21, 11), (5, 21, 6), (8, 20, 8), (20, 9, 9), (15, 2, 2), (1, 3, 1)]
)
def test_an_episode_takes_as_long_as_before(hz: float, length: int, steps: int) -> None:
    rate = Rate.of(20.0, hz)
    assert rate.steps(length) == steps
    assert (steps - 1) / hz < length / 20 <= steps / hz


def test_half_the_rate_keeps_every_second_frame_and_every_second_target() -> None:
    rate = Rate.of(20.0, 10.0)
    assert rate.resample("rgb_front", np.arange(7)).tolist() == [0, 2, 4, 6]
    assert rate.resample("action", np.arange(7.0)[:, None])[:, 0].tolist() == [1, 3, 5, 6]
    assert rate.resample("timestamp", np.arange(7) / 20).tolist() == [0.0, 0.1, 0.2, 0.3]


def test_a_rate_in_between_reads_targets_off_the_straight_line_that_the_controller_follows() -> None:
    rate = Rate.of(20.0, 8.0)  # two and a half recorded steps each
    targets = np.array([0.0, 1.0, 4.0, 9.0, 16.0])
    assert rate.resample("action", targets[:, None])[:, 0].tolist() == [(1.0 + 4.0) / 2, 16.0]
    assert rate.resample("state", np.arange(5)).tolist() == [0, 2], "of rows 2 and 3, equally near, the earlier"


def test_the_recorded_rate_changes_no_bit() -> None:
    values = np.random.default_rng(0).normal(size=(9, 7)).astype(np.float32)
    assert Rate.of(20.0, None).resample("action_ee_delta", values) is values
    assert Rate.of(20.0, 20).native


@pytest.mark.parametrize("wanted", [20.1, 40.0, 1e9])
def test_frames_are_not_invented(wanted: float) -> None:
    with pytest.raises(InvalidInputError, match="recorded at 20 Hz"):
        Rate.of(20.0, wanted)


def test_rewards_are_summed_and_ends_are_kept() -> None:
    rate, last = Rate.of(20.0, 8.0), np.arange(12) == 11
    assert rate.resample("reward", last.astype(np.float32)).tolist() == [0, 0, 0, 0, 1]
    assert rate.resample("reward", np.ones(12, np.float32)).sum() == 12
    assert rate.resample("is_terminal", last).tolist() == [False, False, False, False, True]
    assert rate.resample("is_last", last).tolist() == [False, False, False, False, True]
    assert rate.resample("is_first", np.arange(12) == 0).tolist() == [True, False, False, False, False]


def follow(deltas: np.ndarray) -> np.ndarray:
    """Where deltas (steps, 7) lead from the identity, (7,)."""
    place, turn = np.zeros(3), np.array(poses.IDENTITY_QUAT, float)
    for delta in deltas.astype(np.float64):
        place, turn = place + delta[:3], poses.quat_multiply(poses.quat_from_rotvec(delta[3:6]), turn)
    return np.concatenate([place, turn])


@settings(max_examples=60, deadline=None)
@given(length=st.integers(1, 40), hz=st.sampled_from([1, 2, 4, 5, 7, 7.5, 10, 13, 15, 19]), seed=st.integers(0, 99))
def test_composed_deltas_lead_where_the_recorded_ones_lead(length: int, hz: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    deltas = rng.normal(0, 0.05, (length, 7))
    new = Rate.of(20.0, hz).resample("action_ee_delta", deltas)
    assert len(new) == Rate.of(20.0, hz).steps(length)
    wanted, got = follow(deltas), follow(new)
    np.testing.assert_allclose(got[:3], wanted[:3], atol=1e-12)
    assert poses.angle_between(got[3:], wanted[3:]) < 1e-6
    assert new[-1, 6] == deltas[-1, 6]


@settings(max_examples=60, deadline=None)
@given(length=st.integers(1, 60), over=st.integers(1, 30), under=st.integers(1, 30))
def test_frames_lie_within_half_a_recorded_step_of_their_time(length: int, over: int, under: int) -> None:
    if over > under:
        over, under = under, over
    rate = Rate(Fraction(20) * over / under, Fraction(20))
    rows, steps = rate.observed(length), rate.steps(length)
    assert len(rows) == steps
    wanted = np.arange(steps) * float(rate.stride)
    off = np.abs(rows - wanted)
    assert (off[wanted <= length - 1] <= 0.5 + 1e-9).all()
    assert rows[0] == 0
    assert rows.max() < length
    assert (np.bincount(rate.within(length), minlength=steps) > 0).all(), "every new step ends a recorded one"


def test_commands_in_all_action_spaces_stay_one_motion(motions) -> None:
    _, target, delta = motions.motion(31, seed=4)
    for hz in (10, 8, 5, 3):
        rate = Rate.of(20.0, hz)
        poses_then, deltas_then = rate.resample("action_ee_pose", target), rate.resample("action_ee_delta", delta)
        between = np.diff(poses_then[:, :3], axis=0)
        np.testing.assert_allclose(deltas_then[1:, :3], between, atol=1e-9)
        turn = poses.quat_multiply(poses_then[1:, 3:7], poses.quat_conjugate(poses_then[:-1, 3:7]))
        np.testing.assert_allclose(deltas_then[1:, 3:6], poses.quat_to_rotvec(turn), atol=1e-9)
        np.testing.assert_array_equal(deltas_then[:, 6], poses_then[:, 7])
        np.testing.assert_allclose(np.linalg.norm(poses_then[:, 3:7], axis=1), 1)
