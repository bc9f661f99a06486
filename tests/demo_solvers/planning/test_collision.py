"""Clearance of the arm: one known sphere against one known box, then the real Panda over its table."""

import mujoco
import numpy as np
import pytest

from demo_solvers.planning.arm import Arm
from demo_solvers.planning.collision import ARM_MARGIN, SLACK, CollisionModel, Held, held_spheres
from pipeline.core import poses
from pipeline.core.geometry import BodyGeometry, Box
from pipeline.core.layout import SceneLayout
from pipeline.core.world import WorldState, no_forces

HIDDEN = ("robot", "robot/left_finger", "robot/right_finger", "floor")
SHOULDER = np.array([0.0, 0.0, 0.333])  # where the Panda's first joint sits, whatever its angles
BALL = 0.05
RADIUS = BALL + ARM_MARGIN  # what a planner keeps clear of


def cube(half, centre=(0.0, 0.0, 0.0)):
    box = Box(pose=(*centre, 1, 0, 0, 0), half=half)
    return BodyGeometry(bounds=box, collision=(box,))


def world_of(shapes, places, *, base=poses.IDENTITY_POSE, width=0.08):
    """Worlds with bodies ``shapes``; ``places`` gives one row of poses (bodies, 7) a world."""
    batch, bodies = len(places), (*HIDDEN, *shapes)
    pose = np.tile(np.float32(poses.IDENTITY_POSE), (batch, len(bodies), 1))
    pose[:, 0] = base
    pose[:, len(HIDDEN) :] = places
    qpos = np.zeros((batch, 8), np.float32)
    qpos[:, -1] = width
    contact = np.zeros((batch, len(bodies), len(bodies)), bool)
    empty, velocity = np.zeros((batch, 0), np.float32), np.zeros((batch, len(bodies), 6), np.float32)
    layout = SceneLayout(bodies, (), shapes, {})
    return WorldState(
        layout, pose, velocity, empty, empty, qpos, qpos * 0, pose[:, 0], contact, no_forces(batch, layout)
    )


@pytest.fixture(scope="module")
def ball(robot):
    """The Panda with a single sphere on its shoulder, and its fingers."""
    finger = robot.gripper.left_link
    spheres = {robot.arm[0].link: ((0.0, 0.0, 0.0, BALL),), finger: robot.spheres[finger]}
    return Arm(robot.model_copy(update={"spheres": spheres}))


def clearance(arm, world, rows=(0,), **more):
    q = np.tile(arm.home, (len(rows), 1, 1))
    return CollisionModel(arm, world).clearance(q, rows, **more)[:, 0]


def wall_at(offset, half=(0.02, 0.3, 0.3)):
    return world_of({"wall": cube(half)}, [[poses.pose(SHOULDER + offset)]])


@pytest.mark.parametrize("gap", [0.10, 0.01, -0.01, -0.05])
def test_clearance_is_the_gap_between_sphere_and_face_and_penetration_is_negative(ball, gap):
    wall = wall_at(np.array([-(RADIUS + 0.02 + gap), 0, 0]))
    assert clearance(ball, wall)[0] == pytest.approx(gap, abs=1e-6)


def test_the_distance_to_a_corner_is_along_the_diagonal(ball):
    corner = wall_at(-np.array([0.02 + 0.1, 0.3 + 0.1, 0.3 + 0.1]))
    assert clearance(ball, corner)[0] == pytest.approx(np.sqrt(3) * 0.1 - RADIUS, abs=1e-6)


def test_a_box_is_turned_with_its_body_and_moved_with_its_place_in_it(ball):
    turned = poses.pose(SHOULDER - [0.5, 0, 0], poses.quat_from_yaw(np.pi / 2))
    world = world_of({"wall": cube((0.1, 0.02, 0.3), centre=(0.0, -0.1, 0.0))}, [[turned]])
    # After the quarter turn the box reaches 0.1 m + 0.02 m further towards the robot.
    assert clearance(ball, world)[0] == pytest.approx(0.5 - 0.12 - RADIUS, abs=1e-6)


def test_the_robot_is_where_its_base_is(ball):
    moved = world_of(
        {"wall": cube((0.02, 0.3, 0.3))}, [[poses.pose(SHOULDER - [0.3, 0, 0])]], base=poses.pose((-0.1, 0, 0))
    )
    assert clearance(ball, moved)[0] == pytest.approx(0.2 - 0.02 - RADIUS, abs=1e-6)


def test_the_nearest_of_several_bodies_counts_and_ignored_ones_do_not(ball):
    shapes = {"near": cube((0.02, 0.3, 0.3)), "far": cube((0.02, 0.3, 0.3))}
    world = world_of(shapes, [[poses.pose(SHOULDER - [0.05, 0, 0]), poses.pose(SHOULDER - [0.28, 0, 0])]])
    assert clearance(ball, world)[0] == pytest.approx(0.05 - 0.02 - RADIUS, abs=1e-6)
    assert clearance(ball, world, ignore=("near",))[0] == pytest.approx(0.28 - 0.02 - RADIUS, abs=1e-6)
    assert clearance(ball, world, ignore=("near", "far"))[0] == np.inf


def test_each_row_is_checked_against_its_own_world(ball):
    offsets = (0.1, 0.2, 0.3)
    world = world_of({"wall": cube((0.02, 0.3, 0.3))}, [[poses.pose(SHOULDER - [o, 0, 0])] for o in offsets])
    np.testing.assert_allclose(
        clearance(ball, world, rows=(2, 0, 0)), np.array([0.3, 0.1, 0.1]) - 0.02 - RADIUS, atol=1e-6
    )


def test_a_path_is_free_only_if_all_of_it_is_and_a_few_millimetres_are_forgiven(ball):
    q = np.tile(ball.home, (1, 3, 1))
    touching, deep = (wall_at(np.array([-(RADIUS + 0.02 - d), 0, 0])) for d in (0.5 * SLACK, 2 * SLACK))
    assert CollisionModel(ball, touching).free(q, (0,)).all()
    assert not CollisionModel(ball, deep).free(q, (0,)).any()


def hand_wall(arm, gap, half=(0.1, 0.1, 0.01)):
    """A plate ``gap`` m below the tool point at home, where the tool points down."""
    tool = arm.tool_pose(arm.home)
    return world_of({"plate": cube(half)}, [[poses.pose(tool[:3] - [0, 0, gap + half[2]])]])


def test_one_bad_waypoint_spoils_a_path(arm, ball):
    swept = np.repeat(ball.home[None, None], 3, axis=1)
    swept[0, 1] = arm.ik(poses.compose(arm.tool_pose(arm.home), poses.pose((0, 0, 0.1)))[None], arm.home[None]).q[0]
    model = CollisionModel(ball, hand_wall(arm, 0.10))
    assert model.free(swept[:, :1], (0,)).all()
    assert not model.free(swept, (0,)).any()


def test_what_is_held_collides_too(arm, ball):
    world = hand_wall(arm, 0.10)
    carried = Held(np.array([[[0.0, 0.0, 0.09, 0.03]]]))  # 9 cm beyond the tool point
    assert clearance(ball, world)[0] > 0.05
    assert clearance(ball, world, held=carried)[0] == pytest.approx(0.10 - 0.09 - 0.03, abs=1e-6)
    assert clearance(ball, world, held=carried, ignore=("plate",))[0] == np.inf
    nothing = Held(np.array([[[0.0, 0.0, 0.09, 0.0]]]))
    assert clearance(ball, world, held=nothing)[0] == clearance(ball, world)[0]


def test_each_row_carries_its_own_object(arm, ball):
    world = hand_wall(arm, 0.10)
    three = world.rows(np.array([0, 0, 0]))
    carried = Held(np.array([[[0.0, 0.0, z, 0.02]] for z in (0.0, 0.05, 0.075)]))
    some = clearance(ball, three, rows=(2, 1), held=carried.of(np.array([2, 1])))
    np.testing.assert_allclose(some, [0.005, 0.03], atol=1e-6)


def test_the_spheres_of_a_held_body_lie_in_its_bounds_and_reach_its_faces():
    bounds = Box(pose=(0, 0, 0.05, 1, 0, 0, 0), half=(0.03, 0.02, 0.05))
    T_tool_body = poses.pose([[0, 0, 0.1]], poses.quat_from_axis_angle(np.array([1.0, 0, 0]), np.pi))
    spheres = held_spheres(BodyGeometry(bounds=bounds), T_tool_body).spheres[0]
    centres = poses.transform_points(poses.inverse(T_tool_body[0]), spheres[:, :3]) - (0, 0, 0.05)
    reach = (np.abs(centres) + spheres[:, 3:]).max(axis=0)
    np.testing.assert_allclose(reach, (0.03, 0.02, 0.05), atol=1e-9)


def test_an_open_hand_is_wider_than_a_closed_one(arm, ball):
    beside = arm.tool_pose(arm.home)[:3] + np.array([0, 0.08, 0])
    post = world_of({"post": cube((0.05, 0.01, 0.05))}, [[poses.pose(beside)]])
    q = arm.home[None, None]
    open_hand, closed = (CollisionModel(ball, post, width=w).clearance(q, (0,))[0, 0] for w in (0.08, 0.0))
    assert closed - open_hand == pytest.approx(0.04, abs=1e-3)


def test_the_panda_at_home_is_clear_of_its_table_and_with_the_hand_in_it_is_not(arm, problem, simulator):
    scene = problem("(on mug plate)", "mug", "plate", worlds=1)
    world = simulator.load(scene.scenes)
    assert clearance(arm, world, ignore=("mug", "plate"))[0] > 0.02
    low = arm.ik_restarted([(0.5, 0.0, -0.05, 0, 1, 0, 0)])
    assert low.ok.all()
    assert (
        CollisionModel(arm, world).clearance(low.q[:, None], (0,), ignore=("mug", "plate"))[0, 0] < -0.025
    )  # a centre is inside


FOLDED = np.array([0.0, 0.0, 0.0, -3.0, 0.0, 0.0, 2.3])  # the hand against the upper arm


def test_an_arm_folded_onto_itself_is_not_free_and_the_pair_is_named(arm):
    model = CollisionModel(arm, world_of({"wall": cube((0.02, 0.3, 0.3))}, [[poses.pose((5.0, 0, 0))]]))
    q = np.stack([arm.home, FOLDED])[:, None]
    assert (model.clearance(q, (0, 0)) > 1).all()
    assert list(model.free(q, (0, 0))) == [True, False]
    np.testing.assert_array_equal(model.self_clearance(q, (0, 0))[:, 0] > -SLACK, [True, False])
    free, folded = model.culprits(q, (0, 0))
    assert free == ()
    assert set(folded) in ({"link2", "hand"}, {"link5", "hand"})  # both overlap


def test_the_links_that_physics_lets_collide_are_those_that_the_spheres_do(arm, catalog):
    """MuJoCo's narrow phase on the robot's hulls is the judge, at random configurations."""
    model = mujoco.MjModel.from_xml_path(str(catalog.folder(arm.robot) / arm.robot.model))
    data, links = mujoco.MjData(model), {j.link for j in arm.robot.arm} | {"link0", "hand"}
    q = np.random.default_rng(3).uniform(arm.lower, arm.upper, (600, 7))
    hit = np.zeros(len(q), bool)
    for i in range(len(q)):
        data.qpos[:7] = q[i]
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        bodies = [{model.body(model.geom_bodyid[g]).name for g in pair} for pair in data.contact.geom]
        hit[i] = any(pair <= links and len(pair) == 2 for pair in bodies)
    clear = world_of({"wall": cube((0.02, 0.3, 0.3))}, [[poses.pose((5.0, 0, 0))]])
    free = CollisionModel(arm, clear).free(q[:, None], np.zeros(len(q), int))
    assert 0.02 < hit.mean() < 0.2
    assert (free & hit).mean() < 0.01
    assert (~free & ~hit).mean() < 0.05


def test_a_thin_bar_between_two_waypoints_is_met_by_the_sweep_only(arm, ball):
    """The hand swings over a wide arc; the bar stands between the only two configurations."""
    swing = np.array([0.6, 0, 0, 0, 0, 0, 0])
    left, right = arm.home + swing, arm.home - swing
    tool = arm.tool_pose(arm.home)[:3]
    model = CollisionModel(ball, world_of({"bar": cube((0.004, 0.004, 0.05))}, [[poses.pose(tool)]]))
    path = np.stack([left, right])[None]
    assert model.free(path, (0,)).all()
    assert not model.clear(path, (0,)).any()
    assert model.clear(path, (0,), ignore=("bar",)).all()


def test_what_is_met_is_named(arm, ball):
    shapes = {"plate": cube((0.1, 0.1, 0.01)), "wall": cube((0.02, 0.3, 0.3))}
    tool = arm.tool_pose(arm.home)[:3]
    world = world_of(shapes, [[poses.pose(tool), poses.pose((5.0, 0, 0))]])
    model = CollisionModel(ball, world)
    assert model.culprits(arm.home[None, None], (0,)) == [("fingers", "plate")]
    assert model.culprits(arm.home[None, None], (0,), ignore=("plate",)) == [()]
    low = Held(np.array([[[0.0, 0.0, 0.3, 0.05]]]))
    under = CollisionModel(ball, world_of({"plate": shapes["plate"]}, [[poses.pose(tool - [0, 0, 0.3])]]))
    assert under.culprits(arm.home[None, None], (0,), held=low) == [("held object", "plate")]


def test_what_is_held_may_not_touch_the_arm(arm):
    model = CollisionModel(arm, world_of({"wall": cube((0.02, 0.3, 0.3))}, [[poses.pose((5.0, 0, 0))]]))
    inside = poses.compose(poses.inverse(arm.tool_pose(arm.home)), (*SHOULDER, 1, 0, 0, 0))[:3]
    assert not model.free(arm.home[None, None], (0,), held=Held(np.array([[[*inside, 0.05]]]))).any()
    assert model.free(arm.home[None, None], (0,), held=Held(np.array([[[0.0, 0.0, 0.05, 0.05]]]))).all()


def test_a_long_held_body_has_no_gap_that_a_post_could_stand_in():
    bar = BodyGeometry(bounds=Box(half=(0.15, 0.015, 0.015)))
    spheres = held_spheres(bar, poses.pose(np.zeros((1, 3)))).spheres[0]
    along = np.linspace(-0.15, 0.15, 61)
    depth = [(spheres[:, 3] - np.linalg.norm(spheres[:, :3] - (x, 0, 0), axis=1)).max() for x in along[1:-1]]
    assert min(depth) > -0.03


def test_the_boxes_of_a_held_body_count_and_not_the_air_between_them():
    head, stick = Box(pose=(0, 0, 0.1, 1, 0, 0, 0), half=(0.05, 0.02, 0.02)), Box(half=(0.01, 0.01, 0.08))
    bounds = Box(pose=(0, 0, 0.02, 1, 0, 0, 0), half=(0.05, 0.02, 0.1))
    hammer = BodyGeometry(bounds=bounds, collision=(head, stick))
    spheres = held_spheres(hammer, poses.pose(np.zeros((1, 3)))).spheres[0]
    corner = np.array([0.05, 0.0, -0.08])  # inside the bounds, beside the stick
    assert (np.linalg.norm(spheres[:, :3] - corner, axis=1) - spheres[:, 3]).min() > 0.02


def test_a_row_is_judged_alike_alone_and_in_a_batch(arm):
    rng = np.random.default_rng(5)
    q = rng.uniform(arm.lower, arm.upper, (40, 3, 7))
    world = hand_wall(arm, 0.05).rows(np.zeros(40, int))
    model = CollisionModel(arm, world)
    np.testing.assert_array_equal(model.clearance(q, range(40))[7], model.clearance(q[7:8], (7,))[0])
