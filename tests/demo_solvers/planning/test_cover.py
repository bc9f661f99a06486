"""The spheres that stand for a body: they fill it, stay in it, leave hollows out, and measure its room."""

import numpy as np
import pytest

from demo_solvers.planning.cover import cover, held_cover, room
from pipeline.core import poses
from pipeline.core.geometry import BodyGeometry, Box


@pytest.mark.parametrize("half", [(0.02, 0.02, 0.09), (0.05, 0.03, 0.0175), (0.0225, 0.0225, 0.0225)])
def test_the_spheres_touch_every_face_of_the_bounds_and_stand_out_of_none(half):
    spheres = cover(BodyGeometry(bounds=Box(half=half), collision=(Box(half=half),)))
    reach = np.abs(spheres[:, :3]) + spheres[:, 3:]
    np.testing.assert_allclose(reach.max(axis=0), half, atol=1e-9)


def test_no_wall_slips_between_the_spheres_of_a_bottle():
    half = (0.0215, 0.0215, 0.0435)
    spheres = cover(BodyGeometry(bounds=Box(half=half), collision=(Box(half=half),)))
    for height in np.linspace(-half[2] + 0.012, half[2] - 0.012, 20):
        assert (np.abs(spheres[:, 2] - height) <= spheres[:, 3] + 0.004).any()


def test_the_hollow_of_a_bowl_is_left_out(catalog):
    bowl = catalog.asset("bowl").links[""]
    spheres = cover(bowl)
    full = cover(bowl.model_copy(update={"collision": (bowl.bounds,)}))
    assert 0 < len(spheres) < len(full)


def test_a_margin_makes_what_is_held_larger():
    body = BodyGeometry(bounds=Box(half=(0.02, 0.02, 0.02)))
    pose = np.tile(poses.IDENTITY_POSE, (2, 1))
    plain, wide = held_cover(body, pose).spheres, held_cover(body, pose, margin=0.006).spheres
    np.testing.assert_allclose(wide[..., 3] - plain[..., 3], 0.006)


def test_room_is_the_distance_to_the_nearest_other_body(simulator, problem):
    built = problem("(near block_red block_green)", "block_red", "block_green")
    world = simulator.load(built.scenes)
    beside = poses.compose(world.body("block_green").astype(float), poses.pose([0.045 + 0.03, 0.0, 0.0]))
    upon = world.body("block_green").astype(float)
    free = room(world, "block_red", np.stack([beside, upon], axis=1), ["block_green"])
    np.testing.assert_allclose(free[:, 0], 0.03, atol=2e-3)
    assert (free[:, 1] < 0).all()
