"""Noisy cameras: how large the noise is, that it is seeded, and that the solver's handle stays as it is otherwise."""

import numpy as np
import pytest

from pipeline.core.seeing import View
from pipeline.core.streams import stream
from pipeline.sensor_noise import NoisyWorlds, SensorNoise, incidence, noisy_depth

K = np.array([[350.0, 0.0, 160.0], [0.0, 350.0, 120.0], [0.0, 0.0, 1.0]])
WALL = np.full((240, 320), 1.0)


class Frames:
    """A handle on two worlds with one camera before a wall."""

    batch, steps_left = 2, 7

    def look(self, rows=None):
        count = len(rows)
        rgb, depth = np.zeros((count, 240, 320, 3), np.uint8), np.repeat(WALL[None], count, axis=0).astype(np.float32)
        return {"front": View(rgb, depth, K, np.tile([0.0, 0, 1, 1, 0, 0, 0], (count, 1)))}


@pytest.mark.parametrize("distance", [0.4, 1.0, 2.0])
def test_axial_noise_grows_with_the_square_of_the_distance(distance):
    depth = noisy_depth(distance * WALL, K, SensorNoise(depth=1.0), stream(0, "a"))
    assert depth.std() == pytest.approx(0.0012 + 0.0019 * (distance - 0.4) ** 2, rel=0.03)
    assert depth.mean() == pytest.approx(distance, abs=1e-4)


def test_an_edge_frays_by_about_a_pixel():
    step = np.where(np.arange(320) < 160, 1.0, 2.0) * np.ones((240, 1))
    noisy = noisy_depth(step, K, SensorNoise(depth=1.0), stream(0, "a"))
    swapped = np.abs(noisy - step) > 0.5
    assert 0.2 < swapped[:, 159:161].mean() < 0.4
    assert not swapped[:, :150].any()


def test_a_wall_ahead_is_met_head_on_and_one_that_recedes_at_its_slope():
    assert incidence(WALL, K)[120, 160] == pytest.approx(0.0, abs=0.01)
    u = (np.arange(320) + 0.5 - 160) / 350
    slanted = np.ones((240, 1)) / (1 - np.tan(np.deg2rad(60.0)) * u)
    assert np.rad2deg(incidence(slanted, K)[120, 160]) == pytest.approx(60.0, abs=0.5)


def test_dropout_takes_its_share_and_what_was_hit_by_nothing_stays_so():
    sky = WALL.copy()
    sky[:50] = 0.0
    depth = noisy_depth(sky, K, SensorNoise(depth=1.0, dropout=0.3), stream(0, "a"))
    assert (depth[60:] == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert not depth[:45].any()


def test_a_world_is_disturbed_the_same_way_whatever_others_are_looked_at():
    noise = SensorNoise(depth=1.0, offset=0.02)
    alone, both = NoisyWorlds(Frames(), noise, seed=3), NoisyWorlds(Frames(), noise, seed=3)
    one, two = alone.look([1])["front"], both.look()["front"]
    np.testing.assert_array_equal(one.depth[0], two.depth[1])
    np.testing.assert_array_equal(one.pose[0], two.pose[1])
    again = alone.look([1])["front"]
    assert (again.depth != one.depth).any()
    np.testing.assert_array_equal(again.pose, one.pose)


def test_a_calibration_is_off_by_what_was_asked_for_and_only_where():
    off = NoisyWorlds(Frames(), SensorNoise(offset=0.02), seed=3).look()["front"]
    assert np.linalg.norm(off.pose[:, :3] - [0.0, 0.0, 1.0], axis=1) == pytest.approx([0.02, 0.02])
    fine = NoisyWorlds(Frames(), SensorNoise(offset=0.02, only=("top",)), seed=3).look()["front"]
    np.testing.assert_array_equal(fine.pose[:, :3], [[0.0, 0.0, 1.0]] * 2)
