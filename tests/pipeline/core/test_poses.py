"""Pose algebra against facts one can check by hand, and the laws that every caller leans on."""

import numpy as np
import pytest

from pipeline.core import poses

QUARTER = (np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5))  # 90 degrees about +z


@pytest.fixture
def many():
    """Poses (40, 7) with any orientation."""
    draw = np.random.default_rng(0)
    return poses.pose(draw.normal(size=(40, 3)), poses.quat_normalize(draw.normal(size=(40, 4))))


def test_a_quarter_turn_about_z_takes_x_to_y():
    np.testing.assert_allclose(poses.quat_rotate(QUARTER, (1, 0, 0)), (0, 1, 0), atol=1e-12)
    np.testing.assert_allclose(poses.quat_to_matrix(QUARTER) @ (1, 0, 0), (0, 1, 0), atol=1e-12)


def test_compose_moves_a_child_with_its_parent():
    parent, child = poses.pose((1, 2, 3), QUARTER), poses.pose((0.5, 0, 0))
    np.testing.assert_allclose(poses.compose(parent, child), (1, 2.5, 3, *QUARTER), atol=1e-12)


def test_a_pose_and_its_inverse_cancel_on_either_side(many):
    for both in (poses.compose(many, poses.inverse(many)), poses.compose(poses.inverse(many), many)):
        np.testing.assert_allclose(both, np.tile(poses.IDENTITY_POSE, (40, 1)), atol=1e-12)


def test_compose_agrees_with_the_product_of_matrices(many):
    a, b = many[:20], many[20:]
    np.testing.assert_allclose(
        poses.to_matrix(poses.compose(a, b)), poses.to_matrix(a) @ poses.to_matrix(b), atol=1e-12
    )


def test_one_pose_broadcasts_over_a_batch(many):
    np.testing.assert_array_equal(poses.compose(many[0], many)[7], poses.compose(many[0], many[7]))


def test_matrices_lead_back_to_the_pose_they_came_from(many):
    same = many[:, 3:] * np.where(many[:, 3:4] < 0, -1, 1)
    np.testing.assert_allclose(poses.from_matrix(poses.to_matrix(many)), np.hstack([many[:, :3], same]), atol=1e-9)


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_half_turns_survive_the_way_through_a_matrix(axis):
    half_turn = poses.quat_from_axis_angle(np.array(axis, float), np.pi)
    np.testing.assert_allclose(np.abs(poses.matrix_to_quat(poses.quat_to_matrix(half_turn))), (0, *axis), atol=1e-9)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-7, 0.3, 3.0, np.pi - 1e-6])
def test_rotation_vectors_lead_there_and_back_at_every_size(angle):
    vector = angle * np.array([0.6, 0.0, -0.8])
    np.testing.assert_allclose(poses.quat_to_rotvec(poses.quat_from_rotvec(vector)), vector, atol=1e-9)


def test_a_rotation_vector_takes_the_short_way_round():
    np.testing.assert_allclose(poses.quat_to_rotvec(poses.quat_from_yaw(1.5 * np.pi)), (0, 0, -np.pi / 2), atol=1e-12)


def test_a_quaternion_and_its_negative_are_the_same_turn(many):
    q = many[:, 3:]
    np.testing.assert_allclose(poses.angle_between(q, -q), 0, atol=1e-7)
    np.testing.assert_allclose(poses.quat_normalize(-3 * q), poses.quat_normalize(q), atol=1e-12)


def test_the_angle_between_two_headings_is_their_difference():
    a, b = poses.quat_from_yaw(0.2), poses.quat_from_yaw([0.2, 0.5, -2.0])
    np.testing.assert_allclose(poses.angle_between(a, b), [0, 0.3, 2.2], atol=1e-12)


def test_the_heading_survives_a_tilt():
    tilted = poses.quat_multiply(poses.quat_from_yaw(0.7), poses.quat_from_rotvec((0.3, 0, 0)))
    assert poses.yaw_of(tilted) == pytest.approx(0.7)


def test_points_are_moved_each_by_the_pose_of_their_own_row():
    frames = poses.pose([[1, 0, 0], [0, 0, 5]], [poses.IDENTITY_QUAT, QUARTER])
    np.testing.assert_allclose(
        poses.transform_points(frames, [(1, 0, 0), (0, 1, 0)]), [[(2, 0, 0), (1, 1, 0)], [(0, 1, 5), (-1, 0, 5)]],
        atol=1e-12,
    )  # fmt: skip


def test_a_camera_that_looks_along_x_sees_up_as_minus_y_and_right_as_x():
    camera = poses.look_at((0, 0, 1), (5, 0, 1))
    seen = poses.transform_points(poses.inverse(camera), [(5, 0, 1), (5, 0, 2), (5, -1, 1)])
    np.testing.assert_allclose(seen, [(0, 0, 5), (0, -1, 5), (1, 0, 5)], atol=1e-12)
