"""The pinhole camera: what its intrinsics say about points at the edge of the picture."""

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.core.camera import CameraSpec

POSE = (0, 0, 0, 1, 0, 0, 0)


def camera(**more):
    return CameraSpec(name="front", pose=POSE, **more)


def pixel(spec, point):
    u, v, w = spec.intrinsics @ np.array(point, float)
    return u / w, v / w


def test_the_optical_axis_meets_the_middle_of_the_image():
    assert pixel(camera(width=200, height=100), (0, 0, 3)) == pytest.approx((100, 50))


def test_half_the_field_of_view_above_the_axis_is_the_upper_edge():
    top = -np.tan(np.deg2rad(30))
    assert pixel(camera(width=200, height=100, fovy=60), (0, top, 1)) == pytest.approx((100, 0))


def test_pixels_are_square_so_a_wide_image_sees_further_to_the_side():
    side = 2 * np.tan(np.deg2rad(30))
    assert pixel(camera(width=200, height=100, fovy=60), (side, 0, 1)) == pytest.approx((200, 50))


@pytest.mark.parametrize("wrong", [{"fovy": 180}, {"width": 0}, {"near": -1}, {"zoom": 2}])
def test_impossible_cameras_are_refused(wrong):
    with pytest.raises(ValidationError):
        camera(**wrong)
