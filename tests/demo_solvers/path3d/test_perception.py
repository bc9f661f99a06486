"""What the geometric perception finds in frames of real scenes, and how it fails."""

from dataclasses import replace

import numpy as np
import pytest

from demo_solvers.path3d.articulation import fit, moved_by
from demo_solvers.path3d.clouds import Cloud, roughness, steadied, thinned, without_outliers
from demo_solvers.path3d.labelled import LabelledPerceiver
from demo_solvers.path3d.matching import match
from demo_solvers.path3d.perception import NAMED, Unseen
from demo_solvers.path3d.references import References, weighted
from demo_solvers.path3d.segments import Segment
from pipeline.core import poses
from pipeline.core.errors import InvalidInputError
from pipeline.core.seeing import Query
from pipeline.core.streams import stream
from pipeline.sensor_noise import SensorNoise, noisy_depth

pytestmark = pytest.mark.physics


def look(eyes, seen, **changes):
    problem = seen.problem.model_copy(update=changes)
    return eyes.perceive(problem, seen.views, 0, seen.joints)


def test_every_queried_thing_is_found_where_it_is(eyes, blocks):
    built, seen = blocks
    sighting = look(eyes, seen)
    for name in ("block_green", "block_red", "block_blue", "zone_red"):
        truth = built.scenes[0].placement(name)
        centre = poses.compose(truth.pose, truth.asset.links[""].bounds.pose)[:3]
        assert np.linalg.norm(sighting.things[name].centre - centre) < 0.006, name


def test_a_thing_has_at_least_three_named_points_on_it(eyes, blocks):
    for thing in look(eyes, blocks[1]).things.values():
        assert len(thing.points) >= NAMED
        low, high = thing.cloud.points.min(axis=0) - 1e-6, thing.cloud.points.max(axis=0) + 1e-6
        assert all(((p >= low) & (p <= high)).all() for p in thing.points.values())


def test_paint_is_told_from_what_stands(eyes, blocks):
    things = look(eyes, blocks[1]).things
    assert things["zone_red"].flat
    assert not things["block_red"].flat


def test_the_robot_does_not_see_itself(eyes, seen, blocks):
    shown = seen(blocks[0], segmentation=True)
    cloud = eyes.cloud(shown.problem, shown.views, 0, shown.joints)
    own = [shown.problem.labels.index(n) for n in ("robot", "robot/left_finger", "robot/right_finger")]
    assert np.isin(cloud.labels, own).mean() < 0.001
    assert len(cloud) > 10000


def test_a_lid_is_told_from_the_jar_that_it_is_on(eyes, problem, seen):
    goal, inside = "(and (on jam_lid table) (upright jam_jar))", ("(inserted jam_lid jam_jar)",)
    shown = seen(problem(goal, "jam_lid", "jam_jar", initial=inside), segmentation=True)
    things = look(eyes, shown).things
    for name in ("jam_lid", "jam_jar"):
        mine = things[name].cloud.labels == shown.problem.labels.index(name)
        assert mine.mean() > 0.95, name
    assert len(things["jam_lid"].touching) > 500


def test_labels_find_the_same_places_and_have_to_be_granted(catalog, eyes, seen, blocks):
    told = LabelledPerceiver(catalog)
    shown = seen(blocks[0], segmentation=True)
    for name, thing in look(told, shown).things.items():
        assert np.linalg.norm(thing.centre - look(eyes, shown).things[name].centre) < 0.008
    with pytest.raises(InvalidInputError, match="segmentation"):
        look(told, blocks[1])


def test_what_is_not_there_is_said_not_to_be_found(eyes, blocks):
    queries = (Query(name="mug", asset="mug"), Query(name="zone_red", asset="zone_red"))
    with pytest.raises(Unseen) as error:
        look(eyes, blocks[1], goal="(within mug zone_red)", queries=queries)
    assert error.value.diagnosis.cause == "not_found"
    assert error.value.diagnosis.bodies == ("mug",)


def test_frames_without_depth_are_diagnosed(eyes, blocks):
    seen = blocks[1]
    blind = {name: replace(v, depth=np.zeros_like(v.depth)) for name, v in seen.views.items()}
    with pytest.raises(Unseen) as error:
        eyes.perceive(seen.problem, blind, 0, seen.joints)
    assert error.value.diagnosis.cause == "nothing_seen"


@pytest.mark.parametrize("change", ["tilted", "raised"])
def test_a_camera_out_of_calibration_is_named(eyes, blocks, change):
    seen = blocks[1]
    view = seen.views["left"]
    off = poses.pose((0, 0, 0), poses.quat_from_axis_angle(np.array([1.0, 0, 0]), 0.08))
    pose = poses.compose(view.pose, off) if change == "tilted" else view.pose + np.array([0, 0, 0.03, 0, 0, 0, 0])
    with pytest.raises(Unseen) as error:
        eyes.perceive(seen.problem, {**seen.views, "left": replace(view, pose=pose)}, 0, seen.joints)
    assert error.value.diagnosis.cause == "camera_off"
    assert error.value.diagnosis.bodies == ("left",)


def test_a_drawing_with_a_joint_is_fitted_to_points(eyes):
    base, lid = eyes.references.of("lidded_box"), eyes.references.of("lidded_box", "lid")
    drawn = np.concatenate([base.points, moved_by(lid.points, lid.hinge, 0.7)])
    truth = poses.pose((0.5, 0.1, 0.0), poses.quat_from_yaw(0.2))
    found = fit(poses.transform_points(truth, drawn), base, lid, floor=0.0)
    assert abs(found.position - 0.7) < 0.05
    assert np.linalg.norm(found.pose[:3] - truth[:3]) < 0.005
    assert poses.angle_between(found.pose[3:], truth[3:]) < 0.03


def test_a_voxel_keeps_one_point_and_a_lone_point_is_an_outlier():
    grid = np.stack(np.meshgrid(*[np.arange(8) * 0.004 + 0.001] * 2, [0.001]), axis=-1).reshape(-1, 3)
    points = np.concatenate([grid, grid + 0.0005, [[1.0, 1.0, 1.0]]])
    cloud = thinned(Cloud(points, np.zeros_like(points), np.full(len(points), -1)))
    assert len(cloud) == len(grid) + 1
    assert len(without_outliers(cloud)) == len(grid)


def test_a_thing_is_found_on_another_of_a_colour_that_is_merely_like_one_of_its_own(catalog):
    knife = References(catalog).of("chef_knife")
    rng = np.random.default_rng(0)
    handle = rng.uniform((-0.015, -0.009, 0.10), (0.015, 0.009, 0.24), (500, 3))
    block = rng.uniform((-0.05, -0.05, 0.0), (0.05, 0.05, 0.10), (3000, 3))
    wood = References(catalog).of("slotted_block").colours
    dark = knife.colours[np.linalg.norm(weighted(knife.colours) - knife.palette[0], axis=1) < 3.0]
    colours = np.concatenate([dark[rng.integers(len(dark), size=500)], wood[rng.integers(len(wood), size=3000)]])
    cloud = Cloud(np.concatenate([handle, block]), colours, np.full(3500, -1))
    whole, part = Segment(np.arange(3500), 0, "cluster"), Segment(np.arange(500), 0, "colour")
    assert match(cloud, [whole, part], {"knife": knife})["knife"].segment is part


def test_exact_depth_is_left_alone_and_noisy_depth_is_smoothed_but_not_across_edges():
    slope = 1.0 + 0.002 * np.arange(320) * np.ones((240, 1))
    exact = np.where(np.indices((240, 320))[0] < 120, slope, slope + 0.5)
    np.testing.assert_array_equal(steadied(exact), exact)
    noisy = exact + np.random.default_rng(0).normal(scale=0.002, size=exact.shape)
    assert roughness(noisy) == pytest.approx(0.002, rel=0.1)
    noisy[np.random.default_rng(1).random(noisy.shape) < 0.3] = 0.0
    calm = steadied(noisy)
    kept = calm > 0
    assert kept[:117].mean() > 0.95
    assert kept[123:].mean() > 0.95
    assert (calm - exact)[kept].std() < 0.001
    assert not kept[120].any()


def test_a_block_is_found_through_noisy_cameras(eyes, blocks):
    _, seen = blocks
    noise = SensorNoise(depth=1.0, dropout=0.3)
    clear, names = look(eyes, seen), ("block_green", "block_red", "block_blue", "zone_red")
    depth = {
        n: np.stack([noisy_depth(v.depth[0].astype(float), v.intrinsics, noise, stream(0, n))])
        for n, v in seen.views.items()
    }
    views = {n: replace(v, depth=depth[n]) for n, v in seen.views.items()}
    noisy = eyes.perceive(seen.problem, views, 0, seen.joints)
    for name in names:
        np.testing.assert_allclose(noisy.things[name].centre, clear.things[name].centre, atol=0.005)


def test_what_else_is_there_is_told_with_what_is_not(eyes, blocks):
    queries = (Query(name="mug", asset="mug"), Query(name="zone_red", asset="zone_red"))
    with pytest.raises(Unseen) as error:
        look(eyes, blocks[1], queries=queries, goal="(within mug zone_red)")
    assert error.value.partly is not None
    assert set(error.value.partly.things) == {"zone_red"}
    assert error.value.diagnosis.bodies == ("mug",)
