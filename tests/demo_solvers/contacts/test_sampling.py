"""Contact sampling: hands right before a body, on the side that helps, within reach and touching nothing yet."""

from dataclasses import replace

import numpy as np
import pytest

from demo_solvers.contacts.sampling import BACK, MIDDLE, NEAR, REASONS, pre_contacts
from demo_solvers.contacts.surface import Surface
from demo_solvers.contacts.wish import ContactWish, wishes
from demo_solvers.planning.collision import CollisionModel
from demo_solvers.planning.spots import table_height
from pipeline.core import poses
from pipeline.core.errors import InvalidInputError, UnknownNameError
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.streams import stream
from pipeline.holds import parse

PUSH = ContactWish(body="carton", toward="zone_red")


@pytest.fixture(scope="module")
def pushing(problem, simulator):
    built = problem("(within carton zone_red)", "carton", "zone_red", worlds=4, family="push")
    return simulator.load(built.scenes)


def sampled(world, arm, wish, *, count=24, seed=0, surface=None):
    return pre_contacts(world, arm, wish, count=count, stream=stream(seed, "contacts"), surface=surface)


def test_pushes_stand_on_the_far_side_of_where_the_body_is_to_go(pushing, arm):
    found = sampled(pushing, arm, PUSH)
    assert len(found) >= 60
    assert (np.diff(found.row) >= 0).all()
    assert all(len(found.of(row)) <= 24 for row in range(4))
    way = PUSH.ways(pushing)[found.row]
    assert ((found.normal * way).sum(axis=1) < -0.6).all()
    behind = found.tool[:, :3] - pushing.body("carton")[found.row, :3]
    assert ((behind * way).sum(axis=1) < -0.04).all()


def test_pushes_near_the_middle_of_a_face_come_first(pushing, arm):
    found = sampled(pushing, arm, PUSH)
    way, apart = PUSH.ways(pushing)[found.row], found.point - pushing.body("carton")[found.row, :3]
    aside = np.abs(way[:, 0] * apart[:, 1] - way[:, 1] * apart[:, 0])
    first, last = (
        np.mean([aside[found.of(row)[part]].mean() for row in range(4)]) for part in (slice(6), slice(-6, None))
    )
    assert first < 0.5 * last


def test_tools_and_joints_agree_and_the_contact_is_a_short_way_ahead(pushing, arm, robot):
    found = sampled(pushing, arm, PUSH)
    base = pushing.body("robot").astype(float)[found.row]
    tool = poses.compose(base, arm.tool_pose(found.q))
    assert np.abs(tool[:, :3] - found.tool[:, :3]).max() < 1e-3
    assert poses.angle_between(tool[:, 3:], found.tool[:, 3:]).max() < 0.01
    gap = np.linalg.norm(found.touch[:, :3] - found.tool[:, :3], axis=1)
    assert gap.min() >= NEAR - 1e-9
    finger, gripper = np.linalg.norm(found.touch[:, :3] - found.point, axis=1), robot.gripper
    tips = [gripper.pad_half[0] * np.cos(lean) + gripper.finger_depth * np.sin(lean) for lean in (0.0, BACK)]
    assert np.abs(finger[:, None] - tips).min(axis=1).max() < 1e-6


def test_a_body_is_pushed_low_with_two_fingertips_and_by_no_palm(pushing, arm, robot):
    found = sampled(pushing, arm, PUSH)
    bounds, table = pushing.layout.geometry["carton"].bounds, table_height(pushing)
    assert (found.point[:, 2] - table).max() <= 0.8 * min(bounds.half[:2]) + 1e-6
    assert (found.width == 0.045).all()
    back = -poses.quat_rotate(found.touch[:, 3:], np.array([0.0, 0.0, 1.0]))
    palm = found.touch[:, :3] + robot.gripper.palm_clearance * back
    under = palm[:, 2] - table < 2 * bounds.half[2]
    behind = ((found.point - palm) * PUSH.ways(pushing)[found.row]).sum(axis=1)
    assert (behind[under] > 0.02).all()
    assert "would tip it" in found.dropped


def test_nothing_is_touched_before_the_contact(pushing, arm):
    found = sampled(pushing, arm, PUSH)
    clear = CollisionModel(arm, pushing, width=0.045).clearance(found.q[:, None], found.row)
    assert clear.min() > 0


def test_the_same_stream_gives_the_same_contacts(pushing, arm):
    one, same, other = (sampled(pushing, arm, PUSH, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.q, same.q)
    assert one.dropped == same.dropped
    assert not np.array_equal(one.q[:8], other.q[:8])


def test_what_was_dropped_is_told_with_the_reason(pushing, arm):
    found = sampled(pushing, arm, PUSH, count=5)
    assert len(found) == 20
    assert set(found.dropped) <= set(REASONS)
    assert found.dropped["faces elsewhere"] > 100
    nowhere = sampled(pushing, arm, ContactWish(body="carton", manner="edge"))
    assert len(nowhere) == 0
    assert nowhere.dropped["does not hang over"] > 100


def test_what_is_out_of_reach_is_not_offered(pushing, arm):
    pose = pushing.pose.copy()
    pose[:, pushing.layout.body("carton"), :2] = (1.4, 0.0)
    found = sampled(replace(pushing, pose=pose), arm, ContactWish(body="carton", manner="press"))
    assert len(found) == 0
    assert found.dropped["out of reach"] > 100


def test_presses_come_from_above_onto_the_half_that_was_asked_for(pushing, arm):
    wish = ContactWish(body="carton", manner="press", region="near", motion=(0.0, 1.0, 0.0))
    found = sampled(pushing, arm, wish)
    assert len(found) >= 60
    assert (found.tool[:, 2] > found.touch[:, 2]).all()
    assert (found.normal[:, 2] > 0.9).all()
    assert (found.point[:, 1] < pushing.body("carton")[found.row, 1] + 1e-3).all()


def test_turning_pushes_are_off_the_middle_on_the_side_asked_for(pushing, arm):
    turns = []
    for region in ("left", "right"):
        found = sampled(pushing, arm, ContactWish(body="carton", region=region))
        arm_of = found.point - pushing.body("carton")[found.row, :3]
        push = -found.normal
        turns.append(arm_of[:, 0] * push[:, 1] - arm_of[:, 1] * push[:, 0])
        assert len(found) >= 40
    assert (turns[0] < 0).all(), "a push left of the middle turns it clockwise"
    assert (turns[1] > 0).all()


def test_an_edge_that_hangs_over_is_grasped_from_outside_and_one_that_does_not_is_not(problem, simulator, arm):
    on_it = {"tablet": (0.35, -0.45, 0.004, 1.0, 0.0, 0.0, 0.0)}
    over = {"tablet": (0.25, -0.66, 0.004, 1.0, 0.0, 0.0, 0.0)}
    wish = ContactWish(body="tablet", manner="edge")
    built = problem("(holding tablet)", "tablet", at=on_it, worlds=1)
    assert len(sampled(simulator.load(built.scenes), arm, wish)) == 0
    world = simulator.load(problem("(holding tablet)", "tablet", at=over, worlds=1).scenes)
    found = sampled(world, arm, wish)
    assert len(found) > 0
    assert (found.point[:, 1] < -0.70).all(), "beyond the table's edge"
    ahead = poses.quat_rotate(found.touch[:, 3:], np.array([0.0, 0.0, 1.0]))
    closing = poses.quat_rotate(found.touch[:, 3:], np.array([0.0, 1.0, 0.0]))
    assert ((ahead * found.normal).sum(axis=1) < -0.85).all()
    assert (np.abs(closing[:, 2]) > 0.85).all(), "one finger above, one below"
    assert (found.width > 0.03).all()


def test_a_drawer_is_dragged_by_what_faces_up(problem, simulator, arm):
    world = simulator.load(problem("(is_open cabinet/top_drawer)", "cabinet", worlds=1).scenes)
    (wish,) = wishes(parse("(is_open cabinet/top_drawer)"), world.layout)
    assert (wish.manner, wish.motion) == ("press", (-1.0, 0.0, 0.0))
    assert (sampled(world, arm, wish).normal[:, 2] > 0.9).all()


def test_geometry_names_contacts_for_a_goal(pushing):
    assert wishes(parse("(within carton zone_red)"), pushing.layout) == (PUSH,)
    turned = wishes(parse("(aligned carton zone_red)"), pushing.layout)
    assert [w.region for w in turned] == ["left", "right"]
    edge = wishes(parse("(and (holding carton) (raised carton))"), pushing.layout)
    assert [w.manner for w in edge] == ["press", "edge"]
    slid = wishes(parse("(overhanging carton zone_red)"), pushing.layout)
    assert [(w.body, w.manner, w.region, w.toward) for w in slid] == [("carton", "press", "near", "robot")]
    assert wishes(parse("(not (within carton zone_red))"), pushing.layout) == ()


def test_a_wish_is_data_and_is_checked(pushing, arm):
    assert ContactWish.model_validate_json('{"body": "carton", "manner": "press", "motion": [1, 0, 0]}').region == "any"
    with pytest.raises(UnknownNameError, match="Did you mean 'carton'"):
        sampled(pushing, arm, ContactWish(body="cartn"))
    with pytest.raises(UnknownNameError, match=r"'zone'.*robot"):
        sampled(pushing, arm, ContactWish(body="carton", toward="zone"))
    with pytest.raises(InvalidInputError, match="is 0"):
        sampled(pushing, arm, ContactWish(body="carton", motion=(0.0, 0.0, 0.0)))


def test_points_lie_on_the_outside_and_normals_point_outwards():
    low, high = (
        Box(pose=(0, 0, 0.05, 1, 0, 0, 0), half=(0.1, 0.1, 0.05)),
        Box(pose=(0, 0, 0.1, 1, 0, 0, 0), half=(0.02, 0.02, 0.05)),
    )
    shape = BodyGeometry(bounds=Box(half=(0.1, 0.1, 0.1)), collision=(low, high))
    points, normals = Surface.of(shape).sample(4000, stream(0, "surface"))
    outward = points + 1e-3 * normals
    for box in (low, high):
        local = outward - np.array(box.pose[:3])
        assert not (np.abs(local) < np.array(box.half) - 1e-3).all(axis=1).any()
    tops = points[(normals[:, 2] > 0.9) & (points[:, 2] < 0.101)]
    assert not (np.abs(tops[:, :2]) < 0.019).all(axis=1).any(), "what the small box stands on is hidden"
    areas = [np.mean(np.abs(normals[:, axis]) > 0.9) for axis in range(3)]
    assert areas[2] > areas[0] > 0.15


def test_points_are_read_from_the_meshes_of_an_asset(catalog, pushing):
    mug = catalog.asset("mug")
    points, normals = Surface.read(mug, "", catalog).sample(2000, stream(0, "mug"))
    bounds = mug.links[""].bounds
    off = np.abs(points - np.array(bounds.pose[:3])) - np.array(bounds.half)
    assert off.max() < 2e-3
    assert np.abs(np.linalg.norm(normals, axis=1) - 1).max() < 1e-9
    assert (np.abs(normals[:, 2]) < 0.3).mean() > 0.3, "a mug is mostly wall"


@pytest.mark.physics
def test_going_ahead_from_a_pre_contact_moves_the_body_where_it_is_to_go(problem, catalog, arm, robot):
    from pipeline.sim.mujoco import mujoco

    built = problem("(within carton zone_red)", "carton", "zone_red", worlds=1, family="push")
    world = mujoco(catalog).load(built.scenes)
    found = sampled(world, arm, PUSH, count=12)
    starts = [(*map(float, q), float(w)) for q, w in zip(found.q, found.width, strict=True)]
    scenes = [built.scenes[0].model_copy(update={"robot_start": start}) for start in starts]
    simulator = mujoco(catalog)
    before = simulator.load(scenes)
    assert not before.touching("carton", "robot/left_finger").any()
    way = PUSH.ways(before)
    base = poses.inverse(before.body("robot").astype(float))[:, None]
    share = np.linspace(0, 1, 30)[None, :, None]
    reach = found.touch[:, None, :3] + 0.05 * way[:, None]
    line = found.tool[:, None, :3] + share * (reach - found.tool[:, None, :3])
    target = poses.compose(base, poses.pose(line, np.repeat(found.tool[:, None, 3:], 30, axis=1)))
    path, ok = arm.follow(target, found.q)
    assert ok.mean() > 0.8
    actions = np.concatenate([path, np.zeros((*path.shape[:2], 1))], axis=2).swapaxes(0, 1).astype(np.float32)
    after = simulator.run(actions).at(-1)
    moved = ((after.body("carton") - before.body("carton"))[:, :3] * way).sum(axis=1)
    assert (moved[ok] > 0.03).mean() > 0.8


def test_worlds_are_touched_at_different_places(pushing, arm):
    """Where they are presses: a policy that met one place alone knows no other. Near the middle there are so few places
    that two worlds may begin with the same, but then they do not go on with the same.
    """
    found = sampled(pushing, arm, ContactWish(body="carton", manner="press"))
    body = poses.inverse(pushing.body("carton").astype(float))[found.row]
    local = poses.transform_points(body, found.point[:, None])[:, 0]
    places = np.array([local[found.of(row)[:3]] for row in range(len(pushing))])  # (worlds, 3, 3)
    pairs = np.triu_indices(len(places), 1)
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)[pairs]  # (pairs, 3)
    assert (apart[:, 0] > 0.002).mean() > 0.8
    assert (apart > 0.002).any(axis=1).all()


def test_a_body_that_is_dragged_is_pressed_near_its_middle_first(pushing, arm):
    """Friction at its rim turns it."""
    found = sampled(pushing, arm, ContactWish(body="carton", manner="press"), count=200)
    half = np.array(pushing.layout.geometry["carton"].bounds.half[:2])
    body = poses.inverse(pushing.body("carton").astype(float))[found.row]
    out = np.linalg.norm(poses.transform_points(body, found.point[:, None])[:, 0, :2] / half, axis=1)
    for row in range(len(pushing)):
        mine = out[found.of(row)] > MIDDLE
        assert not mine[:6].any()
        assert mine[-1], "where the middle does not do, the rest is offered after it"


def test_what_is_to_stick_out_is_pressed_behind_its_middle_as_seen_on_its_way_to_the_robot(pushing, arm):
    (wish,) = wishes(parse("(overhanging carton zone_red)"), pushing.layout)
    found = sampled(pushing, arm, wish)
    assert set(found.row.tolist()) == set(range(len(pushing)))
    apart, robot = (found.point - pushing.body("carton")[found.row, :3])[:, :2], pushing.body("robot")[found.row, :2]
    assert ((apart * (robot - pushing.body("carton")[found.row, :2])).sum(axis=1) < 1e-4).all()


def test_nothing_else_is_touched_at_a_contact(problem, simulator, arm):
    """A closed drawer's front is flush with what is above it; fingers on its edge would stand on both."""
    world = simulator.load(problem("(is_open cabinet/top_drawer)", "cabinet", worlds=2).scenes)
    (wish,) = wishes(parse("(is_open cabinet/top_drawer)"), world.layout)
    found = sampled(world, arm, wish)
    at = arm.ik(poses.compose(poses.inverse(world.body("robot").astype(float))[found.row], found.touch), found.q)
    clear = CollisionModel(arm, world, width=0.0).clearance(at.q[:, None], found.row, ignore=(wish.body,))[:, 0]
    assert len(found) > 0
    assert (clear[at.ok] > 0).all()


def test_a_body_is_turned_by_one_fingertip_far_from_its_middle(pushing, arm):
    found = sampled(pushing, arm, ContactWish(body="carton", region="left"))
    apart, push = found.point - pushing.body("carton")[found.row, :3], -found.normal
    lever = np.abs(apart[:, 0] * push[:, 1] - apart[:, 1] * push[:, 0])
    assert (lever > 0.5 * max(pushing.layout.geometry["carton"].bounds.half[:2])).all()
    assert (found.width == 0).all()
